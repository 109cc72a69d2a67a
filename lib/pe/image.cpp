#include "lib/pe/image.hpp"

#include <algorithm>

#include "lib/base/hex.hpp"

namespace bulkhead::pe {
namespace {

constexpr std::size_t kSectionLimit = 96;  // the limit of the Windows loader; systemd-boot and UKIs have far fewer
constexpr std::uint16_t kPe32Plus = 0x20b;
constexpr std::size_t kCoffHeaderSize = 20;
constexpr std::size_t kSectionHeaderSize = 40;
constexpr std::size_t kDirectoriesAt = 112;  // in the optional header of PE32+
constexpr std::size_t kCertificateDirectory = 4;

// A little-endian field reader that knows the end of the file.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> file) : file_(file) {}

  Result<std::span<const std::byte>> bytes(std::uint64_t offset, std::uint64_t size) const {
    if (offset > file_.size() || size > file_.size() - offset) {
      return fail(ErrorCode::data_loss, "a PE file of {} bytes ends before {} + {}", file_.size(), offset, size);
    }
    return file_.subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(size));
  }

  template <class T>
  Result<T> field(std::uint64_t offset) const {
    const auto raw = TRY(bytes(offset, sizeof(T)));
    std::uint64_t value = 0;
    for (std::size_t i = sizeof(T); i > 0; --i) value = value << 8U | std::to_integer<std::uint64_t>(raw[i - 1]);
    return static_cast<T>(value);
  }

 private:
  std::span<const std::byte> file_;
};

Result<Section> read_section(const Reader& reader, std::uint64_t at) {
  Section section;
  const auto name_field = TRY(reader.bytes(at, 8));
  const std::string_view name = as_text(name_field);
  section.name = name.substr(0, name.find('\0'));
  section.virtual_size = TRY(reader.field<std::uint32_t>(at + 8));
  section.virtual_address = TRY(reader.field<std::uint32_t>(at + 12));
  section.raw_size = TRY(reader.field<std::uint32_t>(at + 16));
  section.raw_offset = TRY(reader.field<std::uint32_t>(at + 20));
  TRY_CTX(reader.bytes(section.raw_offset, section.content_size()), "section at {}", at);
  return section;
}

Result<> read_certificate_directory(const Reader& reader, std::uint64_t optional, std::size_t optional_size,
                                    Image& image) {
  const std::size_t at = kDirectoriesAt + kCertificateDirectory * 8;
  const auto count = TRY(reader.field<std::uint32_t>(optional + kDirectoriesAt - 4));
  if (count <= kCertificateDirectory || optional_size < at + 8) return {};
  image.certificates_offset = TRY(reader.field<std::uint32_t>(optional + at));
  image.certificates_size = TRY(reader.field<std::uint32_t>(optional + at + 4));
  TRY_CTX(reader.bytes(image.certificates_offset, image.certificates_size), "certificate table");
  return {};
}

}  // namespace

const Section* Image::find(std::string_view name) const {
  const auto found = std::ranges::find(sections, name, &Section::name);
  return found == sections.end() ? nullptr : &*found;
}

Result<Image> parse(std::span<const std::byte> file) {
  const Reader reader(file);
  const auto dos = TRY(reader.bytes(0, 2));
  if (as_text(dos) != "MZ") return fail(ErrorCode::data_loss, "not a PE file: no MZ header");
  const auto header = TRY(reader.field<std::uint32_t>(60));
  const auto signature = TRY(reader.bytes(header, 4));
  if (as_text(signature) != std::string_view("PE\0\0", 4))
    return fail(ErrorCode::data_loss, "not a PE file: no PE header");

  Image image;
  const std::uint64_t coff = std::uint64_t{header} + 4;
  image.machine = TRY(reader.field<std::uint16_t>(coff));
  const auto count = TRY(reader.field<std::uint16_t>(coff + 2));
  const auto optional_size = TRY(reader.field<std::uint16_t>(coff + 16));
  const std::uint64_t optional = coff + kCoffHeaderSize;
  const auto magic = TRY(reader.field<std::uint16_t>(optional));
  if (magic != kPe32Plus || optional_size < kDirectoriesAt)
    return fail(ErrorCode::data_loss, "not a PE32+ file (magic {:#x})", magic);
  if (count > kSectionLimit) return fail(ErrorCode::data_loss, "a PE file with {} sections", count);
  image.subsystem = TRY(reader.field<std::uint16_t>(optional + 68));
  TRY(read_certificate_directory(reader, optional, optional_size, image));
  for (std::size_t i = 0; i < count; ++i) {
    Section section = TRY(read_section(reader, optional + optional_size + i * kSectionHeaderSize));
    image.sections.push_back(std::move(section));
  }
  return image;
}

Result<std::span<const std::byte>> section(std::span<const std::byte> file, const Image& image, std::string_view name) {
  const auto matches = std::ranges::count(image.sections, name, &Section::name);
  if (matches == 0) return fail(ErrorCode::not_found, "no section '{}'", name);
  if (matches > 1) return fail(ErrorCode::data_loss, "{} sections named '{}'", matches, name);
  const Section* found = image.find(name);
  return Reader(file).bytes(found->raw_offset, found->content_size());
}

}  // namespace bulkhead::pe
