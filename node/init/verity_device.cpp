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
#include "lib/verity/superblock.hpp"

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
static_assert(offsetof(MapperRequest, target) == sizeof(dm_ioctl), "the kernel expects the target right behind the header");

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

// Gone again unless released.
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

// Documentation/admin-guide/device-mapper/verity.rst. The leading 1 is the hash type; the superblock parser accepts no
// other.
std::string table_line(const VerityRoot& root, const verity::Superblock& superblock) {
  std::string line = std::format("1 {} {} {} {} {} {} {} {} {}", root.data.device.number(), root.hash.device.number(),
                                 superblock.data_block_size, superblock.hash_block_size, superblock.data_blocks,
                                 superblock.hash_start_block(), superblock.algorithm, root.root_hash.to_string(),
                                 superblock.salt.empty() ? "-" : to_hex(superblock.salt));
  line += root.pkcs7.empty() ? " 1 restart_on_corruption"
                             : std::format(" 3 restart_on_corruption root_hash_sig_key_desc {}", kSignatureKey);
  return line;
}

Result<verity::Superblock> read_superblock(const Partition& hash) {
  const sys::UniqueFd device = TRY(sys::open_file("/dev/" + hash.device.name, O_RDONLY));
  std::array<std::byte, 512> bytes{};
  TRY(sys::read_exactly_at(device.get(), bytes, 0));
  return verity::parse_superblock(bytes);
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

  const std::string line = table_line(root, superblock);
  MapperRequest table = request_for_root();
  if (line.size() >= table.parameters.size())
    return fail(ErrorCode::internal, "a verity table of {} bytes", line.size());
  table.header.flags = DM_READONLY_FLAG;
  table.header.target_count = 1;
  table.target.length = superblock.data_size() / kSectorSize;
  std::strcpy(table.target.target_type, "verity");
  std::ranges::copy(line, table.parameters.begin());
  TRY(mapper.run(DM_TABLE_LOAD, table, "the kernel refuses the verity table"));

  MapperRequest resume = request_for_root();
  TRY(mapper.run(DM_DEV_SUSPEND, resume, "activating the verity device"));
  pending.release();
  return std::format("/dev/dm-{}", minor(static_cast<dev_t>(resume.header.dev)));
}

}  // namespace bulkhead::init
