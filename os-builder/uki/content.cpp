#include "os-builder/uki/content.hpp"

#include "lib/base/text.hpp"

namespace bulkhead::uki {
namespace {

Result<std::string> text_section(std::span<const std::byte> file, const pe::Image& image, std::string_view name) {
  const auto bytes = TRY(pe::section(file, image, name));
  std::string_view text = as_text(bytes);
  while (text.ends_with('\0')) text.remove_suffix(1);
  return std::string(text);
}

Result<UkiContent> read_sections(std::span<const std::byte> file, pe::Image image) {
  UkiContent content;
  const std::string command_line = TRY(text_section(file, image, ".cmdline"));
  content.command_line = trim(command_line);
  content.os_release = TRY(text_section(file, image, ".osrel"));
  const std::string kernel_release = TRY(text_section(file, image, ".uname"));
  content.kernel_release = trim(kernel_release);
  content.kernel = TRY(pe::section(file, image, ".linux"));
  content.initrd = TRY(pe::section(file, image, ".initrd"));
  content.image = std::move(image);
  return content;
}

}  // namespace

Result<UkiContent> read_content(std::span<const std::byte> file) {
  pe::Image image = TRY_CTX(pe::parse(file), "reading a unified kernel image");
  auto content = read_sections(file, std::move(image));
  if (content) return content;
  Error reason = std::move(content).error();
  reason.code = ErrorCode::data_loss;
  return fail(std::move(reason).with_context("reading a unified kernel image"));
}

Result<Sha256> root_hash_of(std::string_view command_line) {
  static constexpr std::string_view kOption = "roothash=";
  std::optional<std::string_view> value;
  for (const std::string_view word : split(command_line, ' ')) {
    if (!word.starts_with(kOption)) continue;
    if (value) return fail(ErrorCode::invalid_argument, "roothash= appears twice on the kernel command line");
    value = word.substr(kOption.size());
  }
  if (!value) return fail(ErrorCode::not_found, "the kernel command line has no roothash=");
  return Sha256::parse(*value);
}

}  // namespace bulkhead::uki
