#include "lib/verity/hash_tree.hpp"

#include <fcntl.h>
#include <libcryptsetup.h>

#include <memory>
#include <string>

#include "lib/verity/superblock.hpp"

namespace bulkhead::verity {
namespace {

struct FreeDevice {
  void operator()(crypt_device* device) const { crypt_free(device); }
};

extern "C" {
static void keep_message(int level, const char* message, void* into) {
  if (level != CRYPT_LOG_ERROR || message == nullptr) return;
  auto& text = *static_cast<std::string*>(into);
  if (!text.empty()) text += "; ";
  text += message;
  while (text.ends_with('\n')) text.pop_back();
}
}

// A libcryptsetup handle with its messages: the library's errno values alone explain little.
struct Device {
  std::unique_ptr<std::string> said = std::make_unique<std::string>();
  std::unique_ptr<crypt_device, FreeDevice> handle;

  std::unexpected<Error> failure(int status, std::string_view what) const {
    Error reason = errno_error(-status, "{}", what);
    if (!said->empty()) reason.message += std::format(" ({})", *said);
    return fail(std::move(reason));
  }
};

Result<Device> open_device(const sys::Path& data, const sys::Path& hashes) {
  Device device;
  crypt_device* raw = nullptr;
  const int status = crypt_init_data_device(&raw, hashes.c_str(), data.c_str());
  device.handle.reset(raw);
  if (status < 0)
    return device.failure(status, std::format("opening {} and {} for verity", data.native(), hashes.native()));
  crypt_set_log_callback(raw, keep_message, device.said.get());
  return device;
}

}  // namespace

Result<Sha256> format(const sys::Path& data, const sys::Path& hashes, const HashTreeOptions& options) {
  const std::uint64_t size = TRY(sys::file_size(data));
  if (size == 0 || size % kBlockSize != 0) {
    return fail(ErrorCode::invalid_argument, "{} has {} bytes, not a multiple of {}", data.native(), size, kBlockSize);
  }
  sys::UniqueFd created = TRY(sys::open_file(hashes, O_WRONLY | O_CREAT | O_TRUNC, 0644));
  TRY(created.close());
  const Device device = TRY(open_device(data, hashes));
  crypt_params_verity parameters{};
  parameters.hash_name = "sha256";
  parameters.data_device = data.c_str();
  parameters.salt = reinterpret_cast<const char*>(options.salt.data());
  parameters.salt_size = static_cast<std::uint32_t>(options.salt.size());
  parameters.hash_type = 1;
  parameters.data_block_size = kBlockSize;
  parameters.hash_block_size = kBlockSize;
  parameters.data_size = size / kBlockSize;
  parameters.flags = CRYPT_VERITY_CREATE_HASH;
  const std::string uuid = options.uuid.to_string();
  int status = crypt_format(device.handle.get(), CRYPT_VERITY, nullptr, nullptr, uuid.c_str(), nullptr, 0, &parameters);
  if (status < 0) return device.failure(status, std::format("making the hash tree of {}", data.native()));

  Sha256 root_hash;
  std::size_t length = root_hash.bytes.size();
  status = crypt_volume_key_get(device.handle.get(), CRYPT_ANY_SLOT, reinterpret_cast<char*>(root_hash.bytes.data()),
                                &length, nullptr, 0);
  if (status < 0) return device.failure(status, "reading the root hash");
  return root_hash;
}

Result<> verify(const sys::Path& data, const sys::Path& hashes, const Sha256& root_hash) {
  // Our own parser first: libcryptsetup returns EINVAL both for a missing superblock and for a wrong hash.
  const sys::UniqueFd fd = TRY(sys::open_file(hashes, O_RDONLY));
  std::array<std::byte, kSuperblockSize> superblock{};
  TRY_CTX(sys::read_exactly_at(fd.get(), superblock, 0), "reading the verity superblock of {}", hashes.native());
  const Superblock parsed = TRY_CTX(parse_superblock(superblock), "{}", hashes.native());
  if (parsed.algorithm != "sha256")
    return fail(ErrorCode::verification_failed, "{} uses {} instead of sha256", hashes.native(), parsed.algorithm);

  const Device device = TRY(open_device(data, hashes));
  crypt_params_verity parameters{};
  parameters.flags = CRYPT_VERITY_CHECK_HASH;
  int status = crypt_load(device.handle.get(), CRYPT_VERITY, &parameters);
  if (status < 0) return device.failure(status, std::format("loading the hash tree {}", hashes.native()));
  status =
      crypt_activate_by_volume_key(device.handle.get(), nullptr, reinterpret_cast<const char*>(root_hash.bytes.data()),
                                   root_hash.bytes.size(), CRYPT_ACTIVATE_READONLY);
  if (status == -ENOMEM || status == -EACCES || status == -EMFILE) {
    return device.failure(status, std::format("verifying {}", data.native()));
  }
  // The library's other errno values (EPERM, EINVAL, EFAULT, EIO) all mean a wrong hash.
  if (status < 0) {
    return fail(ErrorCode::verification_failed, "{} does not match root hash {} ({})", data.native(),
                root_hash.to_string(), *device.said);
  }
  return {};
}

}  // namespace bulkhead::verity
