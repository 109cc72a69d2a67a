#include "os-builder/disk/read.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

namespace bulkhead::disk {
namespace {

Result<gpt::Partition> find(const gpt::Table& table, unsigned number, gpt::PartitionKind kind) {
  const gpt::Partition* partition = table.find(number);
  if (partition == nullptr) return fail(ErrorCode::data_loss, "partition {} ({}) is missing", number, to_string(kind));
  if (partition->kind() != kind)
    return fail(ErrorCode::data_loss, "partition {} has type {} instead of {}", number, partition->type.to_string(),
                to_string(kind));
  return *partition;
}

Result<std::vector<std::byte>> read_start(int fd, const gpt::Partition& partition, std::size_t most) {
  std::vector<std::byte> bytes(static_cast<std::size_t>(std::min<std::uint64_t>(most, partition.size)));
  TRY(sys::read_exactly_at(fd, bytes, partition.start));
  return bytes;
}

Result<SlotContent> read_slot(int fd, const gpt::Table& table, gpt::Slot slot) {
  const gpt::SlotLayout numbers = gpt::slot_layout(slot);
  auto root = TRY(find(table, numbers.root, gpt::PartitionKind::root));
  auto verity = TRY(find(table, numbers.verity, gpt::PartitionKind::root_verity));
  auto signature = TRY(find(table, numbers.verity_signature, gpt::PartitionKind::root_verity_signature));
  const auto superblock = TRY(read_start(fd, verity, verity::kSuperblockSize));
  const auto record = TRY(read_start(fd, signature, verity::kSignaturePartitionSize));
  SlotContent content{
      .slot = slot,
      .root = std::move(root),
      .verity = std::move(verity),
      .verity_signature = std::move(signature),
      .superblock = verity::parse_superblock(superblock),
      .signature = verity::parse_root_hash_signature(record),
  };
  content.empty = content.root.label == gpt::kEmptyLabel;
  if (auto version = gpt::version_of_label(content.root.label)) content.version = std::move(*version);
  return content;
}

}  // namespace

Result<DiskContent> read_disk(const sys::Path& image) {
  DiskContent content;
  content.table = TRY(gpt::read_table(image));
  const gpt::Table& table = content.table.table;
  content.esp.image = image;
  content.esp.partition = TRY_CTX(find(table, gpt::kEspNumber, gpt::PartitionKind::esp), "{}", image.native());
  content.esp_files = TRY(list_esp_files(content.esp));
  const sys::UniqueFd fd = TRY(sys::open_file(image, O_RDONLY));
  for (const gpt::Slot slot : gpt::kSlots) {
    SlotContent found = TRY_CTX(read_slot(fd.get(), table, slot), "slot {} of {}", to_string(slot), image.native());
    content.slots.push_back(std::move(found));
  }
  return content;
}

Result<> extract(const sys::Path& image, std::uint64_t start, std::uint64_t size, const sys::Path& output) {
  const sys::UniqueFd source = TRY(sys::open_file(image, O_RDONLY));
  sys::UniqueFd target = TRY(sys::open_file(output, O_WRONLY | O_CREAT | O_EXCL, 0644));
  if (::ftruncate(target.get(), static_cast<off_t>(size)) < 0) return fail_errno("creating {}", output.native());
  TRY_CTX(sys::copy_range(source.get(), start, target.get(), 0, size, true), "reading {}", image.native());
  return target.close();
}

}  // namespace bulkhead::disk
