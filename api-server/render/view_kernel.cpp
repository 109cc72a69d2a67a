// Kernel modules and parameters.
#include "api-server/render/template.hpp"
#include "api-server/render/views.hpp"

namespace bulkhead::render {
namespace {

Result<File> module_list(std::string_view name, const std::vector<std::string>& modules, sys::Path path) {
  View view;
  view["modules"] = list_of(modules);
  std::string content = TRY_CTX(fill(name, view, Format::line), "kernel.modules");
  return File{.path = std::move(path), .content = std::move(content), .service = "kernel-modules"};
}

Result<std::string> parameters(const settings::Kernel& kernel) {
  View list(View::type::list);
  for (const auto& [key, value] : kernel.sysctl) {
    View row;
    row["key"] = View(key.text);
    row["value"] = View(value.text);
    list << row;
  }
  View view;
  view["parameters"] = std::move(list);
  return fill("sysctl", view, Format::line);
}

}  // namespace

Files kernel_files(const settings::Settings& settings, const Facts& /*facts*/) {
  std::vector<std::string> loaded;
  std::vector<std::string> blocked;
  for (const auto& [name, module] : settings.kernel.modules) {
    const bool allowed = module.allowed.value_or(true);
    if (!allowed) blocked.push_back(name.text);
    if (!module.autoload.value_or(false)) continue;
    if (!allowed) {
      return fail(ErrorCode::invalid_argument,
                  "kernel.modules.{}.autoload: the module is not allowed; set allowed to true", name.text);
    }
    loaded.push_back(name.text);
  }
  std::vector<File> files;
  if (!loaded.empty()) {
    File list = TRY(module_list("kernel_modules", loaded, "/etc/modules-load.d/60-settings.conf"));
    files.push_back(std::move(list));
  }
  if (!blocked.empty()) {
    File list = TRY(module_list("modprobe", blocked, "/etc/modprobe.d/60-settings.conf"));
    files.push_back(std::move(list));
  }
  if (!settings.kernel.sysctl.empty()) {
    std::string content = TRY_CTX(parameters(settings.kernel), "kernel.sysctl");
    files.push_back({.path = "/etc/sysctl.d/60-settings.conf", .content = std::move(content), .service = "sysctl"});
  }
  return files;
}

}  // namespace bulkhead::render
