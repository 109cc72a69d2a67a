#include "lib/slots/evidence.hpp"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "lib/base/hex.hpp"
#include "lib/base/text.hpp"
#include "lib/slots/efi_text.hpp"

namespace bulkhead::slots {
namespace {

std::vector<std::string> loader_variable(const Sources& sources, std::string_view name) {
  const auto bytes = sys::read_file(sources.sysfs / "firmware/efi/efivars" / std::format("{}-{}", name, kLoaderVendor),
                                    kLargestVariable);
  if (!bytes) return {};
  return parse_efi_texts(as_bytes(*bytes)).value_or(std::vector<std::string>{});
}

// The root file system is on dm-verity, which uses two partitions of one slot: the data partition has the lower number.
unsigned root_partition(const Sources& sources) {
  struct stat info{};
  if (::stat(sources.root.c_str(), &info) < 0) return 0;
  unsigned lowest = 0;
  const auto slaves = sources.sysfs / std::format("dev/block/{}:{}/slaves", major(info.st_dev), minor(info.st_dev));
  for (const sys::Path& slave : sys::list_directory(slaves).value_or(std::vector<sys::Path>{})) {
    const auto text = sys::read_file(slave / "partition", 16);
    const auto number = text ? parse_integer<unsigned>(trim(*text)) : Result<unsigned>(0U);
    if (number && *number != 0 && (lowest == 0 || *number < lowest)) lowest = *number;
  }
  return lowest;
}

}  // namespace

std::string os_release_value(std::string_view text, std::string_view name) {
  for (const std::string_view line : split(text, '\n')) {
    if (!line.starts_with(name) || line.size() <= name.size() || line[name.size()] != '=') continue;
    std::string_view value = trim(line.substr(name.size() + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    return std::string(value);
  }
  return {};
}

Result<Evidence> read_evidence(const Sources& sources) {
  Evidence evidence;
  const std::string os_release = TRY(sys::read_file(sources.os_release, 64U << 10U));
  std::string version = os_release_value(os_release, "IMAGE_VERSION");
  if (version.empty()) version = os_release_value(os_release, "VERSION_ID");
  evidence.version = TRY_CTX(Version::parse(version), "reading {}", sources.os_release.native());
  evidence.root_partition = root_partition(sources);
  evidence.boot_loader = !loader_variable(sources, "LoaderInfo").empty();
  if (auto path = loader_variable(sources, "LoaderBootCountPath"); !path.empty())
    evidence.count_path = std::move(path.front());
  evidence.entries = loader_variable(sources, "LoaderEntries");
  return evidence;
}

}  // namespace bulkhead::slots
