#include "os-builder/disk/esp.hpp"

#include <algorithm>
#include <set>

#include "lib/base/text.hpp"
#include "os-builder/disk/layout.hpp"
#include "os-builder/disk/tool.hpp"

namespace bulkhead::disk {
namespace {

constexpr std::string_view kRoot = "::/";

// FAT32 has at least 65525 clusters (Microsoft FAT specification 1.03); a little more, because the FATs take room too.
constexpr std::uint64_t kLeastClusters = 65600;

sys::Command mtool(const Esp& esp, std::string tool, std::int64_t epoch = 0) {
  return {
      .arguments = {std::move(tool), "-i", std::format("{}@@{}", esp.image.native(), esp.partition.start)},
      .extra_environment = {std::format("SOURCE_DATE_EPOCH={}", epoch), "MTOOLSRC=/dev/null"},
  };
}

Result<std::string> run_mtool(const Esp& esp, sys::Command command, std::initializer_list<std::string> arguments) {
  command.arguments.insert(command.arguments.end(), arguments);
  return run_tool(command, esp.image);
}

std::string on_esp(std::string_view path) { return std::string(kRoot) + std::string(path); }

// The directories above the paths, parents first.
std::set<std::string> directories_of(const std::string& path) {
  std::set<std::string> directories;
  for (auto slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1))
    directories.insert(path.substr(0, slash));
  return directories;
}

// Sectors per cluster: 4 KiB clusters, or smaller ones where FAT32 would have too few.
Result<std::uint64_t> cluster_sectors(const gpt::Partition& partition) {
  static constexpr std::uint64_t kMost = 8;
  for (std::uint64_t sectors = kMost; sectors > 0; sectors /= 2) {
    if (partition.size / (sectors * kSectorSize) >= kLeastClusters) return sectors;
  }
  return fail(error(ErrorCode::failed_precondition, "an ESP of {} is too small for FAT32, which needs at least 33 MiB",
                    format_bytes(partition.size))
                  .with_hint("raise esp in [partitions] of the variant"));
}

Result<> check_capacity(const Esp& esp, std::uint64_t cluster, const std::map<std::string, sys::Path>& files) {
  std::uint64_t needed = 0;
  for (const auto& [path, file] : files) {
    const std::uint64_t size = TRY(sys::file_size(file));
    needed += (size + cluster - 1) / cluster * cluster;
  }
  // Two FATs of four bytes per cluster, reserved sectors and directories.
  const std::uint64_t overhead = esp.partition.size / cluster * 8 + (std::uint64_t{1} << 20U);
  const std::uint64_t capacity = esp.partition.size > overhead ? esp.partition.size - overhead : 0;
  if (needed <= capacity) return {};
  return fail(error(ErrorCode::failed_precondition,
                    "the boot files need {}, which is {} more than the ESP of {} can hold", format_bytes(needed),
                    format_bytes(needed - capacity), format_bytes(esp.partition.size))
                  .with_hint("raise esp in [partitions] of the variant"));
}

Result<> make_file_system(const Esp& esp, std::uint64_t sectors, std::int64_t epoch) {
  // The serial number only has to be constant; the partition's UUID is derived already.
  const std::string serial = to_hex(std::span(esp.partition.uuid.bytes()).first<4>());
  const std::uint64_t first = esp.partition.start / kSectorSize;
  TRY(run_tool(
      {.arguments = {"mkfs.vfat", "-F", "32", "-S", std::to_string(kSectorSize), "-s", std::to_string(sectors),
                     "--invariant", "-i", serial, "-n", "BULKHEAD", "-h", std::to_string(first),
                     std::format("--offset={}", first), esp.image.native(), std::to_string(esp.partition.size / 1024)},
       .extra_environment = {std::format("SOURCE_DATE_EPOCH={}", epoch)}},
      esp.image));
  return {};
}

Result<> make_directories(const Esp& esp, const std::set<std::string>& directories, std::int64_t epoch) {
  if (directories.empty()) return {};
  sys::Command command = mtool(esp, "mmd", epoch);
  for (const std::string& directory : directories) command.arguments.push_back(on_esp(directory));
  TRY(run_tool(command, esp.image));
  return {};
}

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) == std::tolower(static_cast<unsigned char>(y));
  });
}

// FAT ignores case; the path as it is on the ESP.
Result<std::string> find_file(const Esp& esp, const std::string& path) {
  std::vector<std::string> names = TRY(list_esp_files(esp));
  for (std::string& name : names) {
    if (same_name(name, path)) return std::move(name);
  }
  return fail(ErrorCode::not_found, "no file {} on the ESP", path);
}

}  // namespace

Result<> make_esp(const Esp& esp, const std::map<std::string, sys::Path>& files, std::int64_t epoch) {
  const std::uint64_t sectors = TRY(cluster_sectors(esp.partition));
  TRY(check_capacity(esp, sectors * kSectorSize, files));
  TRY(make_file_system(esp, sectors, epoch));
  std::set<std::string> directories;
  for (const auto& [path, file] : files) directories.merge(directories_of(path));
  TRY(make_directories(esp, directories, epoch));
  for (const auto& [path, file] : files) {
    TRY_CTX(run_mtool(esp, mtool(esp, "mcopy", epoch), {file.native(), on_esp(path)}), "copying {} to the ESP", path);
  }
  return {};
}

Result<std::vector<std::string>> list_esp_files(const Esp& esp) {
  const std::string listing =
      TRY_CTX(run_mtool(esp, mtool(esp, "mdir"), {"-/", "-b", std::string(kRoot)}), "listing the ESP");
  std::vector<std::string> files;
  for (std::string_view line : split(listing, '\n')) {
    if (line.starts_with(kRoot) && !line.ends_with('/')) files.emplace_back(line.substr(kRoot.size()));
  }
  std::ranges::sort(files);
  return files;
}

Result<std::string> read_esp_file(const Esp& esp, const std::string& path) {
  const std::string found = TRY(find_file(esp, path));
  return TRY_CTX(run_mtool(esp, mtool(esp, "mcopy"), {on_esp(found), "-"}), "reading {} from the ESP", found);
}

Result<> put_esp_file(const Esp& esp, const std::string& path, std::string_view content, std::int64_t epoch) {
  std::set<std::string> missing = directories_of(path);
  const std::vector<std::string> present = TRY(list_esp_files(esp));
  for (const std::string& file : present) {
    for (const std::string& directory : directories_of(file))
      std::erase_if(missing, [&](const std::string& name) { return same_name(name, directory); });
  }
  TRY(make_directories(esp, missing, epoch));
  sys::Command command = mtool(esp, "mcopy", epoch);
  command.input = content;
  TRY_CTX(run_mtool(esp, std::move(command), {"-o", "-", on_esp(path)}), "writing {} to the ESP", path);
  return {};
}

Result<> remove_esp_file(const Esp& esp, const std::string& path) {
  const std::string found = TRY(find_file(esp, path));
  TRY_CTX(run_mtool(esp, mtool(esp, "mdel"), {on_esp(found)}), "removing {} from the ESP", found);
  return {};
}

}  // namespace bulkhead::disk
