#include <algorithm>
#include <array>
#include <set>

#include "lib/base/text.hpp"
#include "lib/codec/toml.hpp"
#include "lib/crypto/sha256.hpp"
#include "os-builder/packages/package_set.hpp"
#include "os-builder/packages/suites.hpp"

namespace bulkhead::packages {

namespace toml = codec::toml;

namespace {

constexpr std::int64_t kFormat = 1;
constexpr std::size_t kMaxPackages = 10000;
constexpr std::size_t kMaxFieldText =
    900;  // a written line stays below toml::kMaxLine, also when every character is escaped

bool is_word(std::string_view text, std::string_view extra) {
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z') || ('0' <= c && c <= '9') || extra.contains(c);
  });
}

using Check = bool (*)(std::string_view);

bool any_line(std::string_view text) {
  return text.size() <= kMaxFieldText &&
         std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}
bool package_name(std::string_view text) { return is_word(text, "+-.") && text.size() >= 2 && text.size() <= 128; }
bool version(std::string_view text) { return is_word(text, ".+-~:") && text.size() <= 256; }
bool architecture(std::string_view text) { return is_word(text, "-") && text.size() <= 64; }
bool reason_line(std::string_view text) { return !text.empty() && any_line(text); }
bool suite(std::string_view text) { return text.empty() || (is_word(text, "-._/") && text.size() <= 128); }
bool pool_path(std::string_view text) {
  if (!is_word(text, "/+-.~_%:") || text.size() > kMaxFieldText || text.front() == '/') return false;
  return std::ranges::none_of(split(text, '/'),
                              [](std::string_view part) { return part.empty() || part == "." || part == ".."; });
}

struct TextField {
  std::string_view key;
  std::string Package::* member;
  Check check;
  std::string_view rule;
  bool optional = false;  // left out when empty
};

// In the order of the file. The digest and the sizes follow "filename".
constexpr std::array kTextFields = {
    TextField{"name", &Package::name, package_name, "a package name"},
    TextField{"version", &Package::version, version, "a Debian version"},
    TextField{"architecture", &Package::architecture, architecture, "an architecture"},
    TextField{"source", &Package::source, package_name, "a package name"},
    TextField{"source_version", &Package::source_version, version, "a Debian version"},
    TextField{"suite", &Package::suite, suite, "the name of a suite"},
    TextField{"suite_reason", &Package::suite_reason, reason_line, "one line that is not empty", true},
    TextField{"filename", &Package::filename, pool_path, "a relative path in the archive"},
    TextField{"section", &Package::section, any_line, "one line"},
    TextField{"maintainer", &Package::maintainer, any_line, "one line"},
    TextField{"homepage", &Package::homepage, any_line, "one line"},
    TextField{"summary", &Package::summary, any_line, "one line"},
    TextField{"reason", &Package::reason, any_line, "one line"},
};
constexpr std::string_view kDigest = "sha256";

struct SizeField {
  std::string_view key;
  std::uint64_t Package::* member;
};
constexpr std::array kSizeFields = {SizeField{"size", &Package::size},
                                    SizeField{"installed_size", &Package::installed_size}};

// A table that must have exactly the fields that are taken from it.
class Record {
 public:
  Record(const toml::Table& table, const std::string& file, toml::Position at) : table_(table), file_(file), at_(at) {}

  Result<const toml::Node*> take(std::string_view key) {
    const auto entry = table_.find(key);
    if (entry == table_.end()) return fail(toml::error_at(file_, at_, "'{}' is missing", key));
    taken_.insert(entry->first);
    return &entry->second;
  }

  bool has(std::string_view key) const { return table_.contains(key); }

  Result<std::int64_t> number(std::string_view key, std::int64_t limit) {
    const toml::Node* node = TRY(take(key));
    if (node->integer() == nullptr) return fail(wrong(*node, key, "an integer"));
    if (*node->integer() < 0 || *node->integer() > limit) {
      return fail(toml::error_at(file_, node->position, "'{}' is not between 0 and {}", key, limit));
    }
    return *node->integer();
  }

  Result<std::string> text(std::string_view key, Check check, std::string_view rule) {
    const toml::Node* node = TRY(take(key));
    if (node->string() == nullptr) return fail(wrong(*node, key, "a string"));
    if (!check(*node->string())) return fail(toml::error_at(file_, node->position, "'{}' is not {}", key, rule));
    return *node->string();
  }

  Result<> finish() const {
    for (const auto& [key, node] : toml::in_file_order(table_)) {
      if (!taken_.contains(key)) return fail(toml::error_at(file_, node->key_position, "unknown key '{}'", key));
    }
    return {};
  }

  Error wrong(const toml::Node& node, std::string_view key, std::string_view wanted) const {
    return toml::error_at(file_, node.position, "'{}' must be {}, not {}", key, wanted, node.type_name());
  }

 private:
  const toml::Table& table_;
  const std::string& file_;
  toml::Position at_;
  std::set<std::string, std::less<>> taken_;
};

Result<Package> read_package(const toml::Node& node, const std::string& file) {
  if (node.table() == nullptr)
    return fail(toml::error_at(file, node.position, "'package' must be tables: [[package]]"));
  Record record(*node.table(), file, node.position);
  Package package;
  for (const TextField& field : kTextFields) {
    if (field.optional && !record.has(field.key)) continue;
    package.*field.member = TRY(record.text(field.key, field.check, field.rule));
  }
  for (const SizeField& field : kSizeFields) {
    const std::int64_t size = TRY(record.number(field.key, std::int64_t{1} << 40U));
    package.*field.member = static_cast<std::uint64_t>(size);
  }
  const toml::Node* digest = TRY(record.take(kDigest));
  if (digest->string() == nullptr) return fail(record.wrong(*digest, kDigest, "a string"));
  const auto sha256 = Sha256::parse(*digest->string());
  if (!sha256) return fail(toml::error_at(file, digest->position, "'{}': {}", kDigest, sha256.error().message));
  package.sha256 = *sha256;
  TRY(record.finish());
  return package;
}

}  // namespace

std::string write_lock(const PackageSet& set) {
  std::string text =
      "# Exactly these packages, as `os-builder build --locked FILE` takes them. docs/formats/packages-lock.md\n";
  text += std::format("format = {}\nsource_date_epoch = {}\n", kFormat, set.source_date_epoch);
  for (const Package& package : set.packages) {
    text += "\n[[package]]\n";
    for (const TextField& field : kTextFields) {
      if (field.optional && (package.*field.member).empty()) continue;
      text += std::format("{} = {}\n", field.key, toml::quote(package.*field.member));
      if (field.key != "filename") continue;
      text += std::format("{} = \"{}\"\n", kDigest, package.sha256.to_string());
      for (const SizeField& size : kSizeFields) text += std::format("{} = {}\n", size.key, package.*size.member);
    }
  }
  return text;
}

Sha256 PackageSet::digest() const { return crypto::sha256(write_lock(*this)); }

Result<PackageSet> parse_lock(std::string_view text, const std::string& file_name) {
  const toml::Table table = TRY(toml::parse(text, file_name));
  Record record(table, file_name, {.line = 1, .column = 1});
  if (const std::int64_t format = TRY(record.number("format", 1 << 20)); format != kFormat) {
    return fail(error(ErrorCode::invalid_argument, "{}: unknown format {} of the lock", file_name, format)
                    .with_hint(std::format(
                        "this os-builder reads format {}: make a new lock by building without --locked", kFormat)));
  }
  PackageSet set;
  set.source_date_epoch = TRY(record.number("source_date_epoch", kMaxEpoch));
  const toml::Node* packages = TRY(record.take("package"));
  if (packages->array() == nullptr) return fail(record.wrong(*packages, "package", "tables: [[package]]"));
  if (packages->array()->empty()) {
    return fail(toml::error_at(file_name, packages->position, "the lock contains no packages"));
  }
  if (packages->array()->size() > kMaxPackages) {
    return fail(ErrorCode::invalid_argument, "{}: more than {} packages", file_name, kMaxPackages);
  }
  TRY(record.finish());
  for (const toml::Node& node : *packages->array()) {
    Package package = TRY(read_package(node, file_name));
    if (!set.packages.empty() && set.packages.back().name >= package.name) {
      return fail(toml::error_at(file_name, node.position,
                                 "'{}' must come after '{}': packages are sorted by name, without duplicates",
                                 package.name, set.packages.back().name));
    }
    set.packages.push_back(std::move(package));
  }
  return set;
}

Result<> check_lock(const PackageSet& lock, const variant::Variant& variant, const std::string& file_name) {
  const auto refuse = [&](std::string what) {
    return fail(
        error(ErrorCode::invalid_argument, "{} does not fit the variant '{}': {}", file_name, variant.name, what)
            .with_hint("give the lock of this variant, or build without --locked to make a new one"));
  };
  const auto locked = [&](const std::string& name) {
    return std::ranges::contains(lock.packages, name, &Package::name);
  };
  for (const auto& [name, reason] : variant.packages) {
    if (!locked(name)) return refuse(std::format("it lacks the package {}", name));
  }
  if (!variant.kernel_package.empty() && !locked(variant.kernel_package)) {
    return refuse(std::format("it lacks the kernel's package {}", variant.kernel_package));
  }
  for (const auto& [name, reason] : variant.excluded_packages) {
    if (locked(name)) return refuse(std::format("it has the package {}, which the variant excludes", name));
  }
  if (const auto old = below_minimum(lock, variant)) return refuse("it " + *old);
  const Suites suites(variant);
  for (const Package& package : lock.packages) {
    if (!suites.allows(package.name, package.suite)) {
      return refuse(std::format("{} comes from the suite '{}', from which the variant does not take it", package.name,
                                package.suite));
    }
    if (suites.named().contains(package.name) == package.suite_reason.empty()) {
      return refuse(std::format("{} comes from the suite '{}' and {}", package.name, package.suite,
                                package.suite_reason.empty() ? "does not say why" : "needs no reason for that"));
    }
  }
  return {};
}

}  // namespace bulkhead::packages
