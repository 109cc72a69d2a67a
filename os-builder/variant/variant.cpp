#include "os-builder/variant/variant.hpp"

#include <algorithm>
#include <filesystem>

#include "lib/base/text.hpp"
#include "os-builder/variant/checks.hpp"
#include "os-builder/variant/draft.hpp"

namespace bulkhead::variant {

namespace toml = codec::toml;

namespace {

constexpr std::string_view kShared = "shared";
constexpr std::string_view kFileName = "variant.toml";
constexpr std::string_view kExtension = ".toml";

// Names of the entries of a directory that `name_of` accepts, sorted.
template <class NameOf>
Result<std::vector<std::string>> names_in(const sys::Path& directory, const NameOf& name_of) {
  std::error_code status;
  std::vector<std::string> names;
  for (auto entry = std::filesystem::directory_iterator(directory, status);
       !status && entry != std::filesystem::directory_iterator(); entry.increment(status)) {
    std::string name = name_of(entry->path());
    if (!name.empty()) names.push_back(std::move(name));
  }
  if (status) return fail(errno_error(status.value(), "listing {}", directory.native()));
  std::ranges::sort(names);
  return names;
}

// Reads the inherited files depth first, each once, then the file itself.
class Loader {
 public:
  explicit Loader(const sys::Path& variants_dir) : shared_dir_(variants_dir / kShared) {}

  Result<> load(const sys::Path& path, const std::string& name) {
    const std::string text = TRY(sys::read_file(path, toml::kMaxText));
    const toml::Table table = TRY(toml::parse(text, path.native()));
    chain_.push_back(name);
    const auto parents = TRY(inherited(table, path.native()));
    for (const auto& [parent, at] : parents) {
      TRY(load_shared(parent, path.native(), at));
    }
    chain_.pop_back();
    return draft_.merge(table, path.native());
  }

  Draft draft() && { return std::move(draft_); }

 private:
  Result<> load_shared(const std::string& name, const std::string& file, toml::Position at) {
    const std::string link = std::format("{}/{}", kShared, name);
    if (std::ranges::find(chain_, link) != chain_.end()) {
      std::string circle;
      for (const std::string& step : chain_) circle += step + " -> ";
      return fail(toml::error_at(file, at, "files inherit each other in a circle: {}{}", circle, link));
    }
    if (std::ranges::find(done_, name) != done_.end()) return {};
    const sys::Path path = shared_dir_ / (name + std::string(kExtension));
    if (!sys::exists(path)) return fail(unknown_shared(name, file, at));
    TRY(load(path, link));
    done_.push_back(name);
    return {};
  }

  Error unknown_shared(const std::string& name, const std::string& file, toml::Position at) const {
    const auto names = names_in(shared_dir_, [](const sys::Path& path) {
      return path.extension() == kExtension ? path.stem().native() : std::string();
    });
    const std::string near = names ? nearest(name, *names) : std::string();
    return toml::error_at(file, at, "there is no {}/{}{}{}", shared_dir_.native(), name, kExtension,
                          near.empty() ? "" : std::format("; nearest: '{}'", near));
  }

  sys::Path shared_dir_;
  std::vector<std::string> chain_;  // files being read, outermost first
  std::vector<std::string> done_;
  Draft draft_;
};

Error unknown_variant(const sys::Path& variants_dir, const std::string& name) {
  Error reason = error(ErrorCode::invalid_argument, "there is no variant '{}' in {}", name, variants_dir.native());
  const auto names = list(variants_dir);
  if (!names || names->empty()) return reason;
  std::string all;
  for (const std::string& known : *names) all += (all.empty() ? "" : ", ") + known;
  const std::string near = nearest(name, *names);
  reason.hint =
      near.empty() ? std::format("variants: {}", all) : std::format("did you mean '{}'? variants: {}", near, all);
  return reason;
}

}  // namespace

Result<Variant> load(const sys::Path& variants_dir, const std::string& name) {
  const sys::Path path = variants_dir / name / kFileName;
  if (!check::simple_name(name) || name == kShared || !sys::exists(path))
    return fail(unknown_variant(variants_dir, name));
  Loader loader(variants_dir);
  TRY(loader.load(path, name));
  Variant variant = TRY(std::move(loader).draft().finish(path.native()));
  variant.name = name;
  return variant;
}

Result<std::vector<std::string>> list(const sys::Path& variants_dir) {
  return names_in(variants_dir, [](const sys::Path& path) {
    const std::string name = path.filename().native();
    const bool is_variant = check::simple_name(name).has_value() && name != kShared && sys::exists(path / kFileName);
    return is_variant ? name : std::string();
  });
}

}  // namespace bulkhead::variant
