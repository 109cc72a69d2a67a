#include "lib/settings/reference.hpp"

#include "lib/settings/model.hpp"

namespace bulkhead::settings {
namespace {

constexpr std::string_view kPageHead =
    R"(# Settings

Every setting of a node, generated from the declarations in `lib/settings/groups`; a test with `BULKHEAD_ACCEPT=1` writes it
anew. `<name>` stands for a name that you choose; `[]` for an element of a list. How a change takes
effect is in [api.md](api.md); which services are notified, in [formats/configuration-files.md](formats/configuration-files.md).
)";

// '|' would end a column.
std::string cell(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '|') result += '\\';
    result += c;
  }
  return result;
}

std::string code(std::string_view text) { return text.empty() ? "" : std::format("`{}`", cell(text)); }

std::string must_be(const Shape& shape) {
  const std::string rule = shape.rule.empty() ? "" : std::format(" ({})", shape.rule);
  return description(shape) + rule;
}

std::string row(const Entry& entry) {
  const bool secret = entry.about.secret;
  return std::format("| `{}` | {}{} | {} | {} | {} | {} |\n", entry.key, cell(sentence(*entry.shape, entry.about)),
                     secret ? " Secret." : "", cell(must_be(*entry.shape)), code(entry.about.default_value),
                     code(entry.about.example), entry.about.changed_by == Role::admin ? "admin" : "operator");
}

void add_line(std::string& text, std::string_view name, std::string_view value) {
  if (!value.empty()) text += std::format("  {:<10}{}\n", name, value);
}

}  // namespace

Result<std::string> explain(const Shape& root, const Key& key) {
  const Declaration found = TRY(find(root, key));
  std::string text = key.empty() ? "settings\n" : key.to_string() + "\n";
  if (found.member != nullptr) text += std::format("  {}\n", sentence(*found.shape, found.member->about));
  if (found.shape->kind == Kind::group) {
    for (const Member& member : found.shape->members)
      text += std::format("    {:<40} {}\n", key.child(member.name).to_string(), sentence(*member.shape, member.about));
    return text;
  }
  add_line(text, "value", must_be(*found.shape));
  if (found.member != nullptr) {
    const About& about = found.member->about;
    add_line(text, "default", about.default_value);
    add_line(text, "example", example_text(*found.shape, about));
    add_line(text, "affects", about.affects);
    add_line(text, "since", about.since);
  }
  if (found.changed_by == Role::admin) add_line(text, "role", "only an admin may change it");
  if (found.secret) add_line(text, "secret", "never shown in logs, plans and reports");
  return text;
}

std::string reference_page(const Shape& root) {
  const auto all = entries(root);
  std::string page(kPageHead);
  for (const Member& group : root.members) {
    page += std::format(
        "\n## {}\n\n{}\n\n| key | what | value | default | example | changed by "
        "|\n|---|---|---|---|---|---|\n",
        group.name, sentence(*group.shape, group.about));
    for (const Entry& entry : all) {
      const bool inside = entry.key == group.name || entry.key.starts_with(group.name + ".");
      if (inside) page += row(entry);
    }
  }
  return page;
}

}  // namespace bulkhead::settings
