#include "lib/settings/shape.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "lib/base/text.hpp"
#include "lib/settings/pattern.hpp"

namespace bulkhead::settings {
namespace {

// Everything from the scheme to the last '@': a password may contain an '@' or a '/', and a text that is refused may be
// no URL at all.
std::string without_password(const std::string& url) {
  const std::size_t at = url.rfind('@');
  if (at == std::string::npos) return url;
  constexpr std::string_view kSchemeEnd = "://";
  const std::size_t scheme = url.find(kSchemeEnd);
  const std::size_t from = scheme < at ? scheme + kSchemeEnd.size() : 0;
  return url.substr(0, from) + "(secret)" + url.substr(at);
}

// Services of other versions; docs/formats/configuration-files.md has them all.
constexpr std::array<std::string_view, 10> kNotRead = {
    "aws",
    "bootstrap-commands",
    "bootstrap-containers",
    "boot-parameters",
    "health",
    "host-containers",
    "kubelet",
    "metrics",
    "updater",
    "workloads",
};

void add_services(const Shape& shape, const About& about, std::set<std::string_view>& into) {
  for (const std::string_view service : split(about.affects, ' ')) into.insert(service);
  if (shape.element != nullptr) add_services(*shape.element, {.doc = {}}, into);
  for (const Member& member : shape.members) add_services(*member.shape, member.about, into);
}

}  // namespace

bool is_read(std::string_view service) { return !std::ranges::contains(kNotRead, service); }

std::string sentence(const Shape& shape, const About& about) {
  std::set<std::string_view> services;
  add_services(shape, about, services);
  const bool has_effect = services.empty() || std::ranges::any_of(services, is_read);
  return std::format("{}{}", about.doc, has_effect ? "" : " Without effect in this version.");
}

std::string example_text(const Shape& shape, const About& about) {
  if (shape.kind != Kind::map || about.example.empty()) return std::string(about.example);
  return std::format("{{\"{}\": {}}}", about.name_example, about.example);
}

const Member* Shape::find(std::string_view member) const {
  const auto found = std::ranges::find(members, member, &Member::name);
  return found == members.end() ? nullptr : &*found;
}

Json without_passwords(Json value, const Shape& shape) {
  if (shape.is_url && value.is_string()) return without_password(value.get_ref<const std::string&>());
  if (shape.is_url || (shape.kind == Kind::list && value.is_array()) ||
      (shape.kind == Kind::map && value.is_object())) {
    const Shape& inner = shape.is_url ? shape : *shape.element;
    if (value.is_structured())
      for (Json& each : value) each = without_passwords(std::move(each), inner);
  }
  if (shape.kind == Kind::group && value.is_object()) {
    for (const Member& member : shape.members) {
      if (const auto found = value.find(member.name); found != value.end())
        *found = without_passwords(std::move(*found), *member.shape);
    }
  }
  for (const Shape* choice : shape.choices) value = without_passwords(std::move(value), *choice);
  return value;
}

bool fits_text(std::string_view text, const Shape& shape) {
  if (!shape.values.empty()) return std::ranges::contains(shape.values, text);
  if (text.size() > shape.longest || !is_utf8(text) || text.contains('\0')) return false;
  return (shape.pattern.empty() || matches(text, shape.pattern)) && (shape.passes == nullptr || shape.passes(text));
}

Result<> check_text(std::string_view text, const Shape& shape) {
  if (fits_text(text, shape)) return {};
  return fail(ErrorCode::invalid_argument, "not {}{}", description(shape),
              shape.rule.empty() ? "" : std::format(" ({})", shape.rule));
}

std::string description(const Shape& shape) {
  switch (shape.kind) {
    case Kind::boolean: return "true or false";
    case Kind::integer: return std::format("a whole number from {} to {}", shape.least, shape.most);
    case Kind::string: {
      if (shape.values.empty()) return std::string(shape.name);
      std::string text = "one of";
      for (const std::string& value : shape.values) text += std::format(" \"{}\"", value);
      return text;
    }
    case Kind::list: return std::format("a list (each: {})", description(*shape.element));
    case Kind::map:
      return std::format("a table (each name: {}; each value: {})", description(*shape.names),
                         description(*shape.element));
    case Kind::group: return "a table";
    case Kind::choice: {
      std::string text;
      for (const Shape* choice : shape.choices) text += (text.empty() ? "" : ", or ") + description(*choice);
      return text;
    }
  }
  return {};
}

}  // namespace bulkhead::settings
