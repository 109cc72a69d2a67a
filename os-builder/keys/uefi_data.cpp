#include "os-builder/keys/uefi_data.hpp"

#include <zlib.h>

#include <array>
#include <memory>

#include "lib/codec/base64.hpp"
#include "lib/crypto/sha256.hpp"

namespace bulkhead::keys {
namespace {

constexpr std::string_view kBlobMagic = "AMZNUEFI";
constexpr std::uint32_t kBlobVersion = 0;
constexpr std::size_t kBlobHeader = 16;  // magic, checksum, version
constexpr std::size_t kGuidOrTime = 16;
constexpr std::uint32_t kAuthenticated = 0x20;  // TIME_BASED_AUTHENTICATED_WRITE_ACCESS
constexpr std::uint32_t kBlobAttributes = 0x27;
constexpr std::size_t kNoDigest = 32;  // zeros
constexpr std::size_t kMaxBlobText = std::size_t{64} << 10U;
constexpr std::size_t kMaxUnpacked = std::size_t{1} << 20U;
constexpr std::uint64_t kMaxVariables = 100;
constexpr const char* kDictionaryFile = "/usr/lib/python3/dist-packages/virt/firmware/aws/dict.v0";
constexpr std::string_view kDictionaryDigest = "b6c4f52acbb0ab9aa415290e6c223af871eaa3d430c96b8116899d994681535b";

// The vendor GUIDs as they stand in memory: 8be4df61-93ca-11d2-aa0d-00e098032b8c, d719b2cb-3d3a-4596-a3bc-dad00e67656f.
constexpr std::string_view kGlobalVendor("\x61\xdf\xe4\x8b\xca\x93\xd2\x11\xaa\x0d\x00\xe0\x98\x03\x2b\x8c", 16);
constexpr std::string_view kDatabaseVendor("\xcb\xb2\x19\xd7\x3a\x3d\x96\x45\xa3\xbc\xda\xd0\x0e\x67\x65\x6f", 16);

std::unexpected<Error> bad_blob(std::string_view what) {
  return fail(ErrorCode::data_loss, "the UEFI data for EC2 is damaged: {}", what);
}

// CRC-32C (RFC 3720, B.4), reflected.
std::uint32_t crc32c(std::string_view bytes) {
  static constexpr std::uint32_t kPolynomial = 0x82f63b78;
  std::uint32_t crc = 0xffffffff;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1U) != 0 ? crc >> 1U ^ kPolynomial : crc >> 1U;
  }
  return ~crc;
}

template <class T>
std::string little_endian(T value) {
  std::string bytes;
  for (std::size_t i = 0; i < sizeof(T); ++i)
    bytes += static_cast<char>(static_cast<std::uint64_t>(value) >> (8U * i) & 0xffU);
  return bytes;
}

std::string with_length(std::string_view bytes) {
  return little_endian(std::uint64_t{bytes.size()}) + std::string(bytes);
}

std::string packed_variable(const Variable& variable, std::string_view vendor) {
  return with_length(variable.name) + with_length(variable.list) + std::string(vendor) +
         little_endian(kBlobAttributes) + variable.authenticated.substr(0, kGuidOrTime) +
         with_length(std::string(kNoDigest, '\0'));
}

Bytef* zlib_bytes(std::string_view text) {
  return const_cast<Bytef*>(reinterpret_cast<const Bytef*>(text.data()));  // zlib only reads through it
}

struct EndDeflate {
  void operator()(z_stream* stream) const { deflateEnd(stream); }
};
struct EndInflate {
  void operator()(z_stream* stream) const { inflateEnd(stream); }
};

Result<std::string> packed_stream(std::string_view content, std::string_view dictionary) {
  z_stream stream{};
  if (deflateInit(&stream, Z_BEST_COMPRESSION) != Z_OK) return fail(ErrorCode::internal, "zlib could not be started");
  const std::unique_ptr<z_stream, EndDeflate> end(&stream);
  if (deflateSetDictionary(&stream, zlib_bytes(dictionary), static_cast<uInt>(dictionary.size())) != Z_OK)
    return fail(ErrorCode::internal, "zlib refused the dictionary");
  std::string packed(deflateBound(&stream, content.size()), '\0');
  stream.next_in = zlib_bytes(content);
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = zlib_bytes(packed);
  stream.avail_out = static_cast<uInt>(packed.size());
  if (deflate(&stream, Z_FINISH) != Z_STREAM_END) return fail(ErrorCode::internal, "zlib did not finish");
  packed.resize(stream.total_out);
  return packed;
}

Result<std::string> unpacked_stream(std::string_view packed, std::string_view dictionary) {
  z_stream stream{};
  stream.next_in = zlib_bytes(packed);
  stream.avail_in = static_cast<uInt>(packed.size());
  if (inflateInit(&stream) != Z_OK) return fail(ErrorCode::internal, "zlib could not be started");
  const std::unique_ptr<z_stream, EndInflate> end(&stream);
  std::string content(kMaxUnpacked, '\0');
  stream.next_out = zlib_bytes(content);
  stream.avail_out = static_cast<uInt>(content.size());
  int status = inflate(&stream, Z_FINISH);
  if (status == Z_NEED_DICT) {
    if (inflateSetDictionary(&stream, zlib_bytes(dictionary), static_cast<uInt>(dictionary.size())) != Z_OK)
      return bad_blob("it was made with another dictionary");
    status = inflate(&stream, Z_FINISH);
  }
  if (status != Z_STREAM_END || stream.avail_in != 0) return bad_blob("its compressed part");
  content.resize(stream.total_out);
  return content;
}

// Takes parts from the front.
class BlobReader {
 public:
  explicit BlobReader(std::string_view bytes) : rest_(bytes) {}

  Result<std::string> bytes(std::uint64_t size) {
    if (size > rest_.size()) return bad_blob("it ends too early");
    std::string part(rest_.substr(0, static_cast<std::size_t>(size)));
    rest_.remove_prefix(part.size());
    return part;
  }

  template <class T>
  Result<T> number() {
    const std::string part = TRY(bytes(sizeof(T)));
    T value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i)
      value |= static_cast<T>(static_cast<T>(static_cast<unsigned char>(part[i])) << (8U * i));
    return value;
  }

  Result<std::string> with_length() {
    const auto size = TRY(number<std::uint64_t>());
    return bytes(size);
  }

  bool empty() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

Result<UefiVariable> read_variable(BlobReader& reader) {
  UefiVariable variable;
  variable.name = TRY(reader.with_length());
  variable.data = TRY(reader.with_length());
  variable.vendor = TRY(reader.bytes(kGuidOrTime));
  variable.attributes = TRY(reader.number<std::uint32_t>());
  if ((variable.attributes & kAuthenticated) != 0) {
    variable.time = TRY(reader.bytes(kGuidOrTime));
    TRY(reader.with_length());
  }
  return variable;
}

}  // namespace

Result<std::string> uefi_data_dictionary() {
  const sys::Path path = kDictionaryFile;
  if (!sys::exists(path)) {
    return fail(error(ErrorCode::not_found, "there is no dictionary for EC2's UEFI data at {}", path.native())
                    .with_hint("install the package python3-virt-firmware"));
  }
  std::string dictionary = TRY(sys::read_file(path, kMaxBlobText));
  if (crypto::sha256(dictionary).to_string() != kDictionaryDigest)
    return fail(ErrorCode::data_loss, "{} is not the dictionary of version 0 of EC2's UEFI data", path.native());
  return dictionary;
}

Result<std::string> write_uefi_data(const Enrolment& enrolment, std::string_view dictionary) {
  const std::string content = little_endian(std::uint64_t{3}) + packed_variable(enrolment.platform_key, kGlobalVendor) +
                              packed_variable(enrolment.key_exchange_key, kGlobalVendor) +
                              packed_variable(enrolment.signature_db, kDatabaseVendor);
  const std::string stream = TRY(packed_stream(content, dictionary));
  const std::string checked = little_endian(kBlobVersion) + stream;
  return codec::to_base64(as_bytes(std::string(kBlobMagic) + little_endian(crc32c(checked)) + checked));
}

Result<std::vector<UefiVariable>> read_uefi_data(std::string_view text, std::string_view dictionary) {
  if (text.size() > kMaxBlobText) return bad_blob("it is larger than 64 KiB");
  const auto decoded = codec::from_base64(text);
  if (!decoded || decoded->size() < kBlobHeader) return bad_blob("it is not base64 of such data");
  BlobReader header(as_text(*decoded));
  const std::string magic = TRY(header.bytes(kBlobMagic.size()));
  const auto checksum = TRY(header.number<std::uint32_t>());
  const auto version = TRY(header.number<std::uint32_t>());
  if (magic != kBlobMagic || version != kBlobVersion) return bad_blob("it is of another kind or version");
  const std::string_view checked = as_text(*decoded).substr(kBlobMagic.size() + sizeof(checksum));
  if (crc32c(checked) != checksum) return bad_blob("its checksum is wrong");
  const std::string content = TRY(unpacked_stream(checked.substr(sizeof(version)), dictionary));
  BlobReader reader(content);
  const auto count = TRY(reader.number<std::uint64_t>());
  if (count > kMaxVariables) return bad_blob("too many variables");
  std::vector<UefiVariable> variables;
  for (std::uint64_t index = 0; index < count; ++index) {
    UefiVariable variable = TRY(read_variable(reader));
    variables.push_back(std::move(variable));
  }
  if (!reader.empty()) return bad_blob("something stands behind the last variable");
  return variables;
}

}  // namespace bulkhead::keys
