// /etc/containerd/base-spec.json: containerd takes the default capabilities and limits of containers only from a
// complete OCI runtime specification. The template is the specification that containerd itself builds.
#include <algorithm>
#include <array>
#include <limits>
#include <set>

#include "api-server/render/template.hpp"
#include "api-server/render/views.hpp"

namespace bulkhead::render {
namespace {

// The capabilities that containerd gives to containers; settings add and remove some.
constexpr auto kDefaultCapabilities = std::to_array<std::string_view>(
    {"audit-write", "chown", "dac-override", "fowner", "fsetid", "kill", "mknod", "net-bind-service", "net-raw",
     "setfcap", "setgid", "setpcap", "setuid", "sys-chroot"});

struct LimitName {
  std::string_view setting;
  std::string_view type;
};
constexpr auto kLimits = std::to_array<LimitName>({
    {"max-address-space", "RLIMIT_AS"},
    {"max-core-file-size", "RLIMIT_CORE"},
    {"max-cpu-time", "RLIMIT_CPU"},
    {"max-data-size", "RLIMIT_DATA"},
    {"max-file-locks", "RLIMIT_LOCKS"},
    {"max-file-size", "RLIMIT_FSIZE"},
    {"max-locked-memory", "RLIMIT_MEMLOCK"},
    {"max-msgqueue-size", "RLIMIT_MSGQUEUE"},
    {"max-nice-priority", "RLIMIT_NICE"},
    {"max-open-files", "RLIMIT_NOFILE"},
    {"max-pending-signals", "RLIMIT_SIGPENDING"},
    {"max-processes", "RLIMIT_NPROC"},
    {"max-realtime-priority", "RLIMIT_RTPRIO"},
    {"max-realtime-timeout", "RLIMIT_RTTIME"},
    {"max-resident-set", "RLIMIT_RSS"},
    {"max-stack-size", "RLIMIT_STACK"},
});

std::string capability(std::string_view name) {
  std::string text = "CAP_";
  for (const char c : name) text += c == '-' ? '_' : static_cast<char>(c - 'a' + 'A');
  return text;
}

std::vector<std::string> capabilities(const settings::OciDefaults& defaults) {
  std::set<std::string> granted;
  for (const std::string_view name : kDefaultCapabilities) granted.insert(capability(name));
  for (const auto& [name, wanted] : defaults.capabilities) {
    if (wanted) granted.insert(capability(name.text));
    if (!wanted) granted.erase(capability(name.text));
  }
  return {granted.begin(), granted.end()};
}

std::uint64_t limit_value(const settings::Limit& limit) {
  const auto* const number = std::get_if<settings::Integer<-1, INT64_MAX>>(&limit);
  if (number == nullptr || number->value < 0) return std::numeric_limits<std::uint64_t>::max();  // RLIM_INFINITY
  return static_cast<std::uint64_t>(number->value);
}

Result<View> limit_view(const std::string& name, const settings::ResourceLimit& limit) {
  const auto& soft = limit.soft_limit ? limit.soft_limit : limit.hard_limit;
  const auto& hard = limit.hard_limit ? limit.hard_limit : limit.soft_limit;
  const auto* const known = std::ranges::find(kLimits, name, &LimitName::setting);
  if (!soft || !hard || known == kLimits.end())
    return fail(ErrorCode::invalid_argument, "oci-defaults.resource-limits.{}: needs soft-limit or hard-limit", name);
  if (limit_value(*soft) > limit_value(*hard))
    return fail(ErrorCode::invalid_argument, "oci-defaults.resource-limits.{}: soft-limit is above hard-limit", name);
  View view;
  view["type"] = View(std::string(known->type));
  view["soft"] = View(std::to_string(limit_value(*soft)));
  view["hard"] = View(std::to_string(limit_value(*hard)));
  return view;
}

// JSON has no comma behind the last element.
View with_commas(std::vector<View> rows) {
  View list(View::type::list);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i]["comma"] = View(i + 1 < rows.size());
    list << rows[i];
  }
  return list;
}

}  // namespace

bool has_oci_defaults(const settings::Settings& settings) {
  return !settings.oci_defaults.capabilities.empty() || !settings.oci_defaults.resource_limits.empty();
}

Files oci_default_files(const settings::Settings& settings, const Facts& /*facts*/) {
  std::vector<File> files;
  if (!has_oci_defaults(settings)) return files;
  std::vector<View> names;
  for (const std::string& name : capabilities(settings.oci_defaults)) names.emplace_back("capability", View(name));
  std::vector<View> limits;
  for (const auto& [name, limit] : settings.oci_defaults.resource_limits) {
    View entry = TRY(limit_view(name.text, limit));
    limits.push_back(std::move(entry));
  }
  View view;
  view["capabilities"] = with_commas(std::move(names));
  view["limits"] = with_commas(std::move(limits));
  std::string content = TRY_CTX(fill("base_spec", view, Format::quoted), "oci-defaults");
  files.push_back({.path = "/etc/containerd/base-spec.json", .content = std::move(content), .service = "containerd"});
  return files;
}

}  // namespace bulkhead::render
