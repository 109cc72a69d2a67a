#include "os-builder/initrd/module_order.hpp"

#include <gelf.h>
#include <libelf.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>

#include "lib/base/hex.hpp"
#include "lib/base/text.hpp"

namespace bulkhead::initrd {
namespace {

constexpr std::size_t kMostRecords = 4096;

struct ElfEnd {
  void operator()(Elf* elf) const { ::elf_end(elf); }
};

Result<std::string_view> modinfo_of(std::span<const std::byte> module) {
  ::elf_version(EV_CURRENT);
  // libelf takes a mutable pointer and does not write through it without ELF_C_RDWR.
  const std::unique_ptr<Elf, ElfEnd> elf(
      ::elf_memory(const_cast<char*>(reinterpret_cast<const char*>(module.data())), module.size()));
  std::size_t names = 0;
  if (!elf || ::elf_kind(elf.get()) != ELF_K_ELF || ::elf_getshdrstrndx(elf.get(), &names) != 0) {
    return fail(ErrorCode::data_loss, "not an ELF file");
  }
  for (Elf_Scn* section = ::elf_nextscn(elf.get(), nullptr); section != nullptr;
       section = ::elf_nextscn(elf.get(), section)) {
    GElf_Shdr header{};
    if (::gelf_getshdr(section, &header) == nullptr) return fail(ErrorCode::data_loss, "a section header is damaged");
    const char* name = ::elf_strptr(elf.get(), names, header.sh_name);
    if (name == nullptr || std::string_view(name) != ".modinfo") continue;
    if (header.sh_offset > module.size() || header.sh_size > module.size() - header.sh_offset) {
      return fail(ErrorCode::data_loss, "section .modinfo is cut off");
    }
    return as_text(module.subspan(header.sh_offset, header.sh_size));
  }
  return fail(ErrorCode::data_loss, "there is no section .modinfo");
}

// Depth-first: a module is appended after everything it needs.
class Walk {
 public:
  Walk(const std::set<std::string>& builtin, const Dependencies& dependencies)
      : builtin_(builtin), dependencies_(dependencies) {}

  Result<> visit(const std::string& name) {
    if (builtin_.contains(name) || done_.contains(name)) return {};
    if (!open_.insert(name).second) return fail(ErrorCode::data_loss, "module {} depends on itself", name);
    const auto needed = TRY(dependencies_(name));
    if (!needed) return fail(ErrorCode::not_found, "there is no kernel module {}", name);
    for (const std::string& dependency : *needed) TRY_CTX(visit(module_name(dependency)), "module {}", name);
    open_.erase(name);
    done_.insert(name);
    order_.push_back(name);
    return {};
  }

  std::vector<std::string> take() { return std::move(order_); }

 private:
  const std::set<std::string>& builtin_;
  const Dependencies& dependencies_;
  std::set<std::string> open_;
  std::set<std::string> done_;
  std::vector<std::string> order_;
};

}  // namespace

std::string module_name(std::string_view name) {
  std::string result(name);
  std::ranges::replace(result, '-', '_');
  return result;
}

std::optional<std::string> module_name_of_path(std::string_view path) {
  std::string_view file = path.substr(path.rfind('/') + 1);
  if (file.ends_with(".xz")) file.remove_suffix(3);
  if (!file.ends_with(".ko") || file.size() == 3) return std::nullopt;
  file.remove_suffix(3);
  return module_name(file);
}

Result<ModuleInfo> read_module_info(std::span<const std::byte> module) {
  static constexpr std::string_view kDepends = "depends=";
  static constexpr std::string_view kAlias = "alias=";
  ModuleInfo info;
  const std::string_view records = TRY(modinfo_of(module));
  for (const std::string_view record : split(records, '\0')) {
    if (record.starts_with(kAlias)) info.aliases.emplace_back(record.substr(kAlias.size()));
    if (!record.starts_with(kDepends)) continue;
    for (const std::string_view name : split(record.substr(kDepends.size()), ',')) {
      if (!name.empty()) info.dependencies.push_back(module_name(name));
    }
  }
  if (info.dependencies.size() + info.aliases.size() > kMostRecords)
    return fail(ErrorCode::data_loss, "more than {} records", kMostRecords);
  return info;
}

std::vector<std::string> device_patterns(const ModuleInfo& info) {
  static constexpr std::array<std::string_view, 3> kBuses = {"pci:", "virtio:", "scsi:"};
  std::vector<std::string> patterns;
  for (const std::string& alias : info.aliases) {
    const bool wanted = std::ranges::any_of(kBuses, [&](std::string_view bus) { return alias.starts_with(bus); });
    if (wanted && alias.find_first_of(" \t\n") == std::string::npos) patterns.push_back(alias);
  }
  return patterns;
}

std::set<std::string> parse_builtin(std::string_view text) {
  std::set<std::string> names;
  for (const std::string_view line : split(text, '\n')) {
    if (const auto name = module_name_of_path(trim(line))) names.insert(*name);
  }
  return names;
}

Result<std::vector<std::string>> loading_order(std::span<const std::string> wanted,
                                               const std::set<std::string>& builtin, const Dependencies& dependencies) {
  Walk walk(builtin, dependencies);
  for (const std::string& name : wanted) TRY(walk.visit(module_name(name)));
  return walk.take();
}

}  // namespace bulkhead::initrd
