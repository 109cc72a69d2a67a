#include "os-builder/uki/uki.hpp"

#include "lib/base/text.hpp"
#include "lib/sys/child.hpp"
#include "lib/sys/mapped_file.hpp"
#include "lib/sys/temp_dir.hpp"
#include "os-builder/uki/content.hpp"
#include "os-builder/uki/signing.hpp"

namespace bulkhead::uki {
namespace {

Result<sys::Path> as_file(std::string_view text, const sys::Path& directory, std::string_view name) {
  sys::Path file = directory / name;
  TRY(sys::write_file_atomically(file, text));
  return file;
}

// ukify is a Python program: the caller's Python environment and configuration files must not influence it.
Result<> run_ukify(const UkiInputs& inputs, const sys::Path& directory, const sys::Path& output) {
  const sys::Path kernel = TRY(rootfs::as_file(inputs.kernel, directory / "linux"));
  const sys::Path stub = TRY(rootfs::as_file(inputs.stub, directory / "stub"));
  const sys::Path command_line = TRY(as_file(std::string_view(inputs.command_line), directory, "cmdline"));
  const sys::Path os_release = TRY(as_file(std::string_view(inputs.os_release), directory, "osrel"));
  const sys::Command command{
      .arguments = {"ukify", "build", "--config=/dev/null", "--efi-arch=x64", "--linux=" + kernel.native(),
                    "--initrd=" + inputs.initrd.path.native(), "--cmdline=@" + command_line.native(),
                    "--os-release=@" + os_release.native(), "--uname=" + inputs.kernel_release,
                    "--stub=" + stub.native(), "--output=" + output.native()},
      .extra_environment = {std::format("SOURCE_DATE_EPOCH={}", inputs.epoch), "PYTHONNOUSERSITE=1",
                            "PYTHONDONTWRITEBYTECODE=1"},
  };
  TRY_CTX(sys::run_checked(command), "making the unified kernel image");
  return {};
}

// The result is compared with the inputs, because ukify interprets some texts.
Result<> check_content(const UkiInputs& inputs, const sys::Path& file) {
  const sys::MappedFile mapped = TRY(sys::MappedFile::open(file));
  const UkiContent content = TRY(read_content(mapped.bytes()));
  if (content.command_line != trim(inputs.command_line)) {
    return fail(ErrorCode::internal, "ukify changed the command line to '{}'", content.command_line);
  }
  if (content.os_release != inputs.os_release) return fail(ErrorCode::internal, "ukify changed os-release");
  if (content.kernel_release != inputs.kernel_release)
    return fail(ErrorCode::internal, "ukify changed the kernel release");
  return {};
}

std::string first_line_after(std::string_view text, std::string_view prefix) {
  const auto at = text.find(prefix);
  if (at == std::string_view::npos) return "unknown";
  text.remove_prefix(at + prefix.size());
  return std::string(text.substr(0, text.find_first_of(" ,\n")));
}

}  // namespace

Result<std::string> tool_versions() {
  const std::string ukify = TRY(sys::run_checked({.arguments = {"ukify", "--version"}}));
  // osslsigncode ends with status 1 after printing its version on some releases.
  const sys::Output osslsigncode = TRY(sys::run({.arguments = {"osslsigncode", "--version"}}));
  return std::format("ukify {}, osslsigncode {}", first_line_after(ukify, "("),
                     first_line_after(osslsigncode.out + osslsigncode.err, "osslsigncode "));
}

Result<> build(const UkiInputs& inputs, const sys::Path& output) {
  const sys::TempDir work = TRY(sys::TempDir::create(output.parent_path(), ".uki."));
  const sys::Path unsigned_image = work.path() / "unsigned.efi";
  const sys::Path signed_image = work.path() / "signed.efi";
  TRY(run_ukify(inputs, work.path(), unsigned_image));
  TRY(check_content(inputs, unsigned_image));
  TRY(sign_file(unsigned_image, inputs.key, inputs.epoch, signed_image));
  return sys::rename(signed_image, output);
}

}  // namespace bulkhead::uki
