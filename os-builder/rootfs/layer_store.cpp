#include "os-builder/rootfs/layer_store.hpp"

#include <fcntl.h>
#include <nlohmann/json.hpp>

#include "lib/codec/json.hpp"
#include "lib/crypto/sha256.hpp"
#include "lib/sys/file_lock.hpp"
#include "lib/sys/temp_dir.hpp"

namespace bulkhead::rootfs {
namespace {

using nlohmann::json;

constexpr int kSchema = 1;
constexpr std::string_view kUnfinished = ".unfinished-";
constexpr std::uint64_t kDigestLength = 64;  // hex digits
constexpr const char* kIndexDigest = "index.sha256";
constexpr std::uint64_t kMaxIndex = std::uint64_t{256} << 20U;

// CBOR, because paths and attribute values are any bytes.
json to_json(const std::string& path, const Entry& entry) {
  json item = {{"path", path}, {"mode", entry.mode}, {"uid", entry.uid}, {"gid", entry.gid}};
  if (const Content* const content = entry.content()) {
    item["size"] = content->size;
    item["sha256"] = content->sha256.to_string();
  }
  if (const Symlink* const link = entry.symlink()) item["target"] = link->target;
  if (!entry.xattrs.empty()) item["xattrs"] = entry.xattrs;
  return item;
}

std::unexpected<Error> broken() { return fail(ErrorCode::data_loss, "the index of the layer is damaged"); }

template <class T>
Result<T> number(const json& item, const char* key) {
  const auto found = item.find(key);
  if (found == item.end() || !found->is_number_unsigned()) return broken();
  const auto value = found->get<std::uint64_t>();
  if (!std::in_range<T>(value)) return broken();
  return static_cast<T>(value);
}

Result<std::string> text(const json& item, const char* key) {
  const auto found = item.find(key);
  if (found == item.end() || !found->is_string()) return broken();
  return found->get<std::string>();
}

Result<Entry> parse_entry(const json& item, const sys::Path& files) {
  Entry entry{.node = Directory{}, .xattrs = {}, .origin = {}};
  entry.mode = TRY(number<mode_t>(item, "mode"));
  entry.uid = TRY(number<std::uint32_t>(item, "uid"));
  entry.gid = TRY(number<std::uint32_t>(item, "gid"));
  if (item.contains("sha256")) {
    const std::string digest = TRY(text(item, "sha256"));
    const auto size = TRY(number<std::uint64_t>(item, "size"));
    const Sha256 sha256 = TRY(Sha256::parse(digest));
    entry.node = Content{.source = files / digest, .size = size, .sha256 = sha256};
  } else if (item.contains("target")) {
    std::string target = TRY(text(item, "target"));
    entry.node = Symlink{std::move(target)};
  }
  if (const auto xattrs = item.find("xattrs"); xattrs != item.end()) {
    if (!xattrs->is_object()) return broken();
    for (const auto& [name, value] : xattrs->items()) {
      if (!value.is_string()) return broken();
      entry.xattrs.emplace(name, value.get<std::string>());
    }
  }
  return entry;
}

Result<Tree> load(const sys::Path& layer) {
  const std::string index = TRY(sys::read_file(layer / "index.cbor", kMaxIndex));
  const std::string digest = TRY(sys::read_file(layer / kIndexDigest, kDigestLength));
  if (crypto::sha256(index).to_string() != digest) return broken();
  return parse_layer_index(index, layer / "files");
}

Result<> write_new_file(const sys::Path& path, std::string_view bytes) {
  sys::UniqueFd fd = TRY(sys::open_file(path, O_WRONLY | O_CREAT | O_TRUNC, 0644));
  TRY_CTX(sys::write_all(fd.get(), as_bytes(bytes)), "writing {}", path.native());
  return fd.close();
}

}  // namespace

std::string write_layer_index(const Tree& tree) {
  json entries = json::array();
  for (const auto& [path, entry] : tree.entries()) {
    if (path != "/") entries.push_back(to_json(path, entry));
  }
  const std::vector<std::uint8_t> bytes = json::to_cbor(json{{"schema", kSchema}, {"entries", std::move(entries)}});
  return {bytes.begin(), bytes.end()};
}

Result<Tree> parse_layer_index(std::string_view bytes, const sys::Path& files) {
  const json index = codec::parse_cbor(bytes).value_or(json());
  if (!index.is_object() || !index.contains("entries") || !index["entries"].is_array()) return broken();
  const int schema = TRY(number<int>(index, "schema"));
  if (schema != kSchema) return broken();
  Tree tree;
  for (const json& item : index["entries"]) {
    if (!item.is_object()) return broken();
    std::string path = TRY(text(item, "path"));
    Entry entry = TRY(parse_entry(item, files));
    TRY(tree.put(std::move(path), std::move(entry)));
  }
  return tree;
}

Result<LayerStore> LayerStore::open(const sys::Path& directory) {
  TRY(sys::create_directories(directory));
  return LayerStore(directory);
}

Result<Tree> LayerStore::get(const Sha256& key,
                             const std::function<Result<Tree>(const ContentSink& sink)>& make) const {
  const sys::Path target = directory_ / key.to_string();
  if (sys::exists(target)) {
    if (auto layer = load(target)) return layer;
  }
  const sys::FileLock lock = TRY(sys::FileLock::acquire(directory_ / ".lock"));
  if (sys::exists(target)) {
    if (auto layer = load(target)) return layer;  // another build made it while we waited
    TRY(sys::remove_all(target));                 // damaged: made again
  }
  TRY(make_layer(target, make));
  return load(target);
}

Result<> LayerStore::make_layer(const sys::Path& target,
                                const std::function<Result<Tree>(const ContentSink& sink)>& make) const {
  // We hold the lock, so the process that left an unfinished directory has ended.
  std::error_code status;
  for (const auto& entry : std::filesystem::directory_iterator(directory_, status)) {
    if (entry.path().filename().native().starts_with(kUnfinished)) TRY(sys::remove_all(entry.path()));
  }
  sys::TempDir unfinished = TRY(sys::TempDir::create(directory_, std::string(kUnfinished)));
  const sys::Path files = unfinished.path() / "files";
  TRY(sys::create_directories(files));
  const Tree tree = TRY(make([&files](std::string_view bytes) -> Result<Content> {
    const Sha256 digest = crypto::sha256(bytes);
    const sys::Path path = files / digest.to_string();
    if (!sys::exists(path)) TRY(write_new_file(path, bytes));
    return Content{.source = path, .size = bytes.size(), .sha256 = digest};
  }));
  const std::string index = write_layer_index(tree);
  TRY(write_new_file(unfinished.path() / "index.cbor", index));
  TRY(write_new_file(unfinished.path() / kIndexDigest, crypto::sha256(index).to_string()));
  return unfinished.commit(target);
}

}  // namespace bulkhead::rootfs
