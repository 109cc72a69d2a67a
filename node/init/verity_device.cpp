#include "node/init/verity_device.hpp"

#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <linux/keyctl.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "lib/sys/file.hpp"
#include "lib/verity/product_line.hpp"

namespace bulkhead::init {
namespace {

constexpr const char* kDeviceName = "root";
constexpr const char* kSignatureKey = "bulkhead:root-hash-signature";

constexpr std::uint64_t kSectorSize = 512;

// One request to the device mapper: the fixed header, and room for one table line.
struct MapperRequest {
  dm_ioctl header{};
  dm_target_spec target{};
  std::array<char, 2048> parameters{};
};
static_assert(offsetof(MapperRequest, target) == sizeof(dm_ioctl),
              "the kernel expects the target right behind the header");

MapperRequest request_for_root() {
  MapperRequest request;
  request.header.version[0] = DM_VERSION_MAJOR;
  request.header.data_size = sizeof request;
  request.header.data_start = offsetof(MapperRequest, target);
  std::strcpy(request.header.name, kDeviceName);
  return request;
}

class DeviceMapper {
 public:
  static Result<DeviceMapper> open() {
    sys::UniqueFd control = TRY(sys::open_file("/dev/mapper/control", O_RDWR));
    return DeviceMapper(std::move(control));
  }

  Result<> run(unsigned long command, MapperRequest& request, const char* what) {
    if (::ioctl(control_.get(), command, &request) < 0) return fail_errno("{}", what);
    return {};
  }

 private:
  explicit DeviceMapper(sys::UniqueFd control) : control_(std::move(control)) {}
  sys::UniqueFd control_;
};

// Removed by the destructor unless released.
class PendingDevice {
 public:
  explicit PendingDevice(DeviceMapper& mapper) : mapper_(&mapper) {}
  PendingDevice(const PendingDevice&) = delete;
  PendingDevice& operator=(const PendingDevice&) = delete;
  ~PendingDevice() {
    if (mapper_ == nullptr) return;
    MapperRequest request = request_for_root();
    static_cast<void>(mapper_->run(DM_DEV_REMOVE, request, "removing the device"));
  }
  void release() { mapper_ = nullptr; }

 private:
  DeviceMapper* mapper_;
};

// The kernel looks for the signature in the keyrings of the process that loads the table. This one ends with the
// process image.
Result<> add_signature(std::span<const std::byte> pkcs7) {
  if (::syscall(SYS_add_key, "user", kSignatureKey, pkcs7.data(), pkcs7.size(), KEY_SPEC_PROCESS_KEYRING) < 0) {
    return fail_errno("adding the signature to the keyring");
  }
  return {};
}

// What the kernel does about a block that does not match. A panic, and not restart_on_corruption: it shows the reason
// on every console, whatever the log level and whoever is writing there, and restarts after panic= seconds. A plain
// restart does not wait for consoles.
enum class OnCorruption { fail_the_read, panic };

// Documentation/admin-guide/device-mapper/verity.rst. The leading 1 is the hash type; the superblock parser accepts no
// other.
std::string table_line(const VerityRoot& root, const verity::Superblock& superblock, OnCorruption on_corruption) {
  std::string line = std::format("1 {} {} {} {} {} {} {} {} {}", root.data.device.number(), root.hash.device.number(),
                                 superblock.data_block_size, superblock.hash_block_size, superblock.data_blocks,
                                 superblock.hash_start_block(), superblock.algorithm, root.root_hash.to_string(),
                                 superblock.salt.empty() ? "-" : to_hex(superblock.salt));
  std::vector<std::string> options;
  if (on_corruption == OnCorruption::panic) options.emplace_back("panic_on_corruption");
  if (!root.pkcs7.empty()) {
    options.emplace_back("root_hash_sig_key_desc");
    options.emplace_back(kSignatureKey);
  }
  if (!options.empty()) line += std::format(" {}", options.size());
  for (const std::string& option : options) line += ' ' + option;
  return line;
}

Result<verity::Superblock> read_superblock(const Partition& hash) {
  const sys::UniqueFd device = TRY(sys::open_file("/dev/" + hash.device.name, O_RDONLY));
  std::array<std::byte, 512> bytes{};
  TRY(sys::read_exactly_at(device.get(), bytes, 0));
  verity::Superblock superblock = TRY(verity::parse_superblock(bytes));
  TRY(verity::require_product_line(superblock));
  return superblock;
}

// Makes `line` what the device does, at once when it is active already. Returns the device's node.
Result<std::string> use_table(DeviceMapper& mapper, const std::string& line, std::uint64_t bytes) {
  MapperRequest table = request_for_root();
  if (line.size() >= table.parameters.size())
    return fail(ErrorCode::internal, "a verity table of {} bytes", line.size());
  table.header.flags = DM_READONLY_FLAG;
  table.header.target_count = 1;
  table.target.length = bytes / kSectorSize;
  std::strcpy(table.target.target_type, "verity");
  std::ranges::copy(line, table.parameters.begin());
  if (auto done = mapper.run(DM_TABLE_LOAD, table, "the kernel refuses the verity table"); !done)
    return fail(std::move(done).error().with_hint(
        "the root hash must be signed by a key that the firmware's db has: sign again, or enrol the key"));

  MapperRequest resume = request_for_root();
  TRY(mapper.run(DM_DEV_SUSPEND, resume, "activating the verity device"));
  return std::format("/dev/dm-{}", minor(static_cast<dev_t>(resume.header.dev)));
}

// The first read, while a bad block is an error of the read: here it can still be said in words. It covers the first
// block and its path through the hash tree, up to the root hash.
Result<> check_first_block(const std::string& node, const VerityRoot& root, const verity::Superblock& superblock) {
  const sys::UniqueFd device = TRY(sys::open_file(node, O_RDONLY));
  std::vector<std::byte> block(superblock.data_block_size);
  auto done = sys::read_exactly_at(device.get(), block, 0);
  if (done) return {};
  return fail(
      error(
          ErrorCode::verification_failed,
          "dm-verity refuses the first block of /dev/{}: it, or the hash tree on /dev/{}, was changed or damaged ({})",
          root.data.device.name, root.hash.device.name, done.error().message)
          .with_hint("write the image to this slot again"));
}

}  // namespace

Result<std::string> activate(const VerityRoot& root) {
  const auto superblock =
      TRY_CTX(read_superblock(root.hash), "reading the verity superblock of /dev/{}", root.hash.device.name);
  if (!root.pkcs7.empty()) TRY(add_signature(root.pkcs7));

  DeviceMapper mapper = TRY(DeviceMapper::open());
  MapperRequest create = request_for_root();
  TRY(mapper.run(DM_DEV_CREATE, create, "creating the verity device"));
  PendingDevice pending(mapper);

  const std::string careful = table_line(root, superblock, OnCorruption::fail_the_read);
  std::string node = TRY(use_table(mapper, careful, superblock.data_size()));
  TRY(check_first_block(node, root, superblock));
  TRY(use_table(mapper, table_line(root, superblock, OnCorruption::panic), superblock.data_size()));
  pending.release();
  return node;
}

}  // namespace bulkhead::init
