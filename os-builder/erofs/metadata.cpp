// EROFS on-disk format, version 1: kernel documentation, filesystems/erofs, and the structures of fs/erofs/erofs_fs.h.
#include <sys/stat.h>

#include <algorithm>
#include <set>

#include "lib/base/hex.hpp"
#include "os-builder/erofs/read.hpp"

namespace bulkhead::erofs {
namespace {

constexpr std::uint64_t kSuperblock = 1024;
constexpr std::uint64_t kSuperblockSize = 128;
constexpr std::uint32_t kMagic = 0xe0f5e1e2;
constexpr unsigned kSlot = 32;  // bytes; a node number counts these
constexpr std::size_t kMaxEntries = 1'000'000;
constexpr std::size_t kMaxDepth = 64;
constexpr std::size_t kMaxPath = 4096;

std::unexpected<Error> damaged(std::string_view what) {
  return fail(ErrorCode::data_loss, "damaged EROFS image: {}", what);
}

// Bounds-checked little-endian reads.
class Bytes {
 public:
  explicit Bytes(std::span<const std::byte> bytes) : bytes_(bytes) {}

  Result<std::span<const std::byte>> range(std::uint64_t offset, std::uint64_t size) const {
    if (offset > bytes_.size() || size > bytes_.size() - offset)
      return damaged("an offset points outside of the image");
    return bytes_.subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(size));
  }

  template <std::unsigned_integral T>
  Result<T> number(std::uint64_t offset) const {
    const auto field = TRY(range(offset, sizeof(T)));
    std::uint64_t value = 0;
    for (std::size_t i = sizeof(T); i-- > 0;) value = value << 8U | std::to_integer<std::uint64_t>(field[i]);
    return static_cast<T>(value);
  }

  std::uint64_t size() const { return bytes_.size(); }

 private:
  std::span<const std::byte> bytes_;
};

struct Superblock {
  std::uint64_t block_size = 0;
  std::uint64_t directory_block_size = 0;
  std::uint64_t root_node = 0;
  std::uint64_t metadata = 0;       // offset of node 0
  std::uint64_t shared_xattrs = 0;  // offset
};

Result<Superblock> parse_superblock(const Bytes& image) {
  TRY(image.range(kSuperblock, kSuperblockSize));
  const auto magic = TRY(image.number<std::uint32_t>(kSuperblock));
  if (magic != kMagic) return damaged("no superblock");
  const unsigned block_bits = TRY(image.number<std::uint8_t>(kSuperblock + 12));
  const unsigned directory_bits = TRY(image.number<std::uint8_t>(kSuperblock + 90));
  if (block_bits < 9 || block_bits > 16 || directory_bits != 0) return damaged("impossible block size");
  const unsigned extra_devices = TRY(image.number<std::uint16_t>(kSuperblock + 86));
  if (extra_devices != 0) return damaged("the image spans several devices");
  Superblock superblock;
  superblock.block_size = std::uint64_t{1} << block_bits;
  superblock.directory_block_size = superblock.block_size;
  superblock.root_node = TRY(image.number<std::uint16_t>(kSuperblock + 14));
  const std::uint64_t metadata_block = TRY(image.number<std::uint32_t>(kSuperblock + 40));
  const std::uint64_t xattr_block = TRY(image.number<std::uint32_t>(kSuperblock + 44));
  superblock.metadata = metadata_block * superblock.block_size;
  superblock.shared_xattrs = xattr_block * superblock.block_size;
  return superblock;
}

enum class Layout : std::uint8_t { plain = 0, compressed_full = 1, inline_tail = 2, compressed_compact = 3 };

struct Node {
  Layout layout = Layout::plain;
  std::uint32_t mode = 0;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint64_t size = 0;
  std::uint64_t data_block = 0;
  std::uint64_t xattr_offset = 0;
  std::uint64_t xattr_size = 0;

  std::uint64_t inline_offset() const { return xattr_offset + xattr_size; }
};

Result<Node> parse_node(const Bytes& image, const Superblock& superblock, std::uint64_t number) {
  if (number > image.size() / kSlot) return damaged("an offset points outside of the image");
  const std::uint64_t at = superblock.metadata + number * kSlot;
  const unsigned format = TRY(image.number<std::uint16_t>(at));
  const bool extended = (format & 1U) != 0;
  const unsigned layout = format >> 1U & 7U;
  if (layout > static_cast<unsigned>(Layout::compressed_compact)) return damaged("an unsupported data layout");
  const unsigned xattr_count = TRY(image.number<std::uint16_t>(at + 2));
  Node node{.layout = static_cast<Layout>(layout)};
  node.mode = TRY(image.number<std::uint16_t>(at + 4));
  node.data_block = TRY(image.number<std::uint32_t>(at + 16));
  if (extended) {
    node.size = TRY(image.number<std::uint64_t>(at + 8));
    node.uid = TRY(image.number<std::uint32_t>(at + 24));
    node.gid = TRY(image.number<std::uint32_t>(at + 28));
  } else {
    node.size = TRY(image.number<std::uint32_t>(at + 8));
    node.uid = TRY(image.number<std::uint16_t>(at + 24));
    node.gid = TRY(image.number<std::uint16_t>(at + 26));
  }
  node.xattr_offset = at + (extended ? 64 : 32);
  node.xattr_size = xattr_count == 0 ? 0 : 12 + (xattr_count - 1) * 4U;
  return node;
}

// Whole blocks first; with an inline tail, what is left over follows the node itself.
Result<std::string> read_data(const Bytes& image, const Superblock& superblock, const Node& node) {
  if (node.layout != Layout::plain && node.layout != Layout::inline_tail)
    return damaged("a compressed directory or symlink");
  if (node.size > image.size()) return damaged("a directory or symlink is larger than the image");
  const std::uint64_t tail = node.layout == Layout::inline_tail ? node.size % superblock.block_size : 0;
  const std::uint64_t whole = node.size - tail;
  std::string data;
  if (whole > 0) {
    const auto blocks = TRY(image.range(node.data_block * superblock.block_size, whole));
    data += as_text(blocks);
  }
  if (tail > 0) {
    const auto rest = TRY(image.range(node.inline_offset(), tail));
    data += as_text(rest);
  }
  return data;
}

Result<std::string_view> xattr_prefix(unsigned index) {
  switch (index) {
    case 1: return "user.";
    case 2: return "system.posix_acl_access";
    case 3: return "system.posix_acl_default";
    case 4: return "trusted.";
    case 6: return "security.";
    default: return damaged("an extended attribute of an unknown kind");
  }
}

// Reads one attribute; returns its length on the disk.
Result<std::uint64_t> read_xattr(const Bytes& image, std::uint64_t at, std::map<std::string, std::string>& xattrs) {
  const unsigned name_size = TRY(image.number<std::uint8_t>(at));
  const unsigned index = TRY(image.number<std::uint8_t>(at + 1));
  const unsigned value_size = TRY(image.number<std::uint16_t>(at + 2));
  const auto prefix = TRY(xattr_prefix(index));
  const auto suffix = TRY(image.range(at + 4, name_size));
  std::string name(prefix);
  name += as_text(suffix);
  if (name.contains('\0')) return damaged("an extended attribute with a NUL in its name");
  const auto value = TRY(image.range(at + 4 + name_size, value_size));
  if (!xattrs.emplace(std::move(name), as_text(value)).second) return damaged("an extended attribute appears twice");
  return (4 + name_size + value_size + 3U) / 4 * 4;
}

Result<std::map<std::string, std::string>> read_xattrs(const Bytes& image, const Superblock& superblock,
                                                       const Node& node) {
  std::map<std::string, std::string> xattrs;
  if (node.xattr_size == 0) return xattrs;
  const unsigned shared = TRY(image.number<std::uint8_t>(node.xattr_offset + 4));
  std::uint64_t at = node.xattr_offset + 12;
  const std::uint64_t end = node.xattr_offset + node.xattr_size;
  if (at + std::uint64_t{shared} * 4 > end) return damaged("extended attributes overrun their node");
  for (unsigned i = 0; i < shared; ++i, at += 4) {
    const std::uint64_t number = TRY(image.number<std::uint32_t>(at));
    TRY(read_xattr(image, superblock.shared_xattrs + number * 4, xattrs));
  }
  while (at + 4 <= end) {
    // The rest of the area may be padding.
    const auto header = TRY(image.number<std::uint32_t>(at));
    if (header == 0) break;
    const std::uint64_t length = TRY(read_xattr(image, at, xattrs));
    at += length;
  }
  if (at > end) return damaged("extended attributes overrun their node");
  return xattrs;
}

struct Name {
  std::string name;
  std::uint64_t node = 0;
};

Result<> read_directory_block(std::string_view block, std::vector<Name>& names) {
  static constexpr std::size_t kEntry = 12;
  const Bytes bytes(as_bytes(block));
  const std::size_t first_name = TRY(bytes.number<std::uint16_t>(8));
  if (first_name < kEntry || first_name % kEntry != 0 || first_name > block.size())
    return damaged("a damaged directory block");
  const std::size_t count = first_name / kEntry;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t start = TRY(bytes.number<std::uint16_t>(i * kEntry + 8));
    std::size_t end = block.size();
    if (i + 1 < count) end = TRY(bytes.number<std::uint16_t>((i + 1) * kEntry + 8));
    if (start < first_name || start > end || end > block.size()) return damaged("a damaged directory block");
    std::string_view name = block.substr(start, end - start);
    if (i + 1 == count) name = name.substr(0, name.find('\0'));  // the last name of a block is padded
    if (name.empty() || name.find('/') != std::string_view::npos || name.find('\0') != std::string_view::npos) {
      return damaged("an impossible file name");
    }
    if (name == "." || name == "..") continue;
    const auto node = TRY(bytes.number<std::uint64_t>(i * kEntry));
    names.push_back({.name = std::string(name), .node = node});
  }
  return {};
}

Result<std::vector<Name>> read_directory(const Bytes& image, const Superblock& superblock, const Node& node) {
  const std::string data = TRY(read_data(image, superblock, node));
  std::vector<Name> names;
  for (std::size_t at = 0; at < data.size(); at += static_cast<std::size_t>(superblock.directory_block_size)) {
    TRY(read_directory_block(
        std::string_view(data).substr(at, static_cast<std::size_t>(superblock.directory_block_size)), names));
  }
  return names;
}

Result<rootfs::Entry> make_entry(const Bytes& image, const Superblock& superblock, const Node& node) {
  auto xattrs = TRY(read_xattrs(image, superblock, node));
  rootfs::Entry entry{.node = rootfs::Directory{},
                      .mode = node.mode & 07777U,
                      .uid = node.uid,
                      .gid = node.gid,
                      .xattrs = std::move(xattrs),
                      .origin = "image"};
  switch (node.mode & S_IFMT) {
    case S_IFDIR: return entry;
    case S_IFREG: entry.node = rootfs::Content{.source = std::string(), .size = node.size, .sha256 = {}}; return entry;
    case S_IFLNK: {
      rootfs::Symlink link;
      link.target = TRY(read_data(image, superblock, node));
      if (link.target.empty() || link.target.size() >= kMaxPath || link.target.contains('\0'))
        return damaged("an impossible symlink");
      entry.node = std::move(link);
      return entry;
    }
    default: return damaged("a file that is neither regular, directory nor symlink");
  }
}

struct Pending {
  std::string path;
  std::uint64_t node = 0;
  std::size_t depth = 0;
};

}  // namespace

Result<rootfs::Tree> parse_metadata(std::span<const std::byte> image) {
  const Bytes bytes(image);
  const Superblock superblock = TRY(parse_superblock(bytes));
  rootfs::Tree tree;
  std::set<std::uint64_t> directories;  // each once: a directory below itself would never end
  std::vector<Pending> pending = {{.path = "/", .node = superblock.root_node, .depth = 0}};
  std::size_t count = 0;
  while (!pending.empty()) {
    const Pending next = std::move(pending.back());
    pending.pop_back();
    const Node node = TRY_CTX(parse_node(bytes, superblock, next.node), "{}", next.path);
    rootfs::Entry entry = TRY_CTX(make_entry(bytes, superblock, node), "{}", next.path);
    const bool directory = entry.is_directory();
    if (next.path == "/" && !directory) return damaged("the root is not a directory");
    if (next.path != "/" && tree.find(next.path) != nullptr) return damaged("a name appears twice");
    TRY(tree.put(next.path, std::move(entry)));
    if (!directory) continue;
    if (!directories.insert(next.node).second) return damaged("a directory has two parents");
    if (next.depth == kMaxDepth) return damaged("directories are nested too deeply");
    const std::vector<Name> names = TRY_CTX(read_directory(bytes, superblock, node), "{}", next.path);
    for (const Name& name : names) {
      std::string path = next.path == "/" ? "/" + name.name : next.path + "/" + name.name;
      if (path.size() >= kMaxPath || ++count > kMaxEntries) return damaged("names are too many or too long");
      pending.push_back({.path = std::move(path), .node = name.node, .depth = next.depth + 1});
    }
  }
  return tree;
}

}  // namespace bulkhead::erofs
