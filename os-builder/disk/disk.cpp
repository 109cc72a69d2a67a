#include "os-builder/disk/disk.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "lib/sys/temp_dir.hpp"
#include "os-builder/disk/esp.hpp"
#include "os-builder/disk/layout.hpp"
#include "os-builder/disk/slot.hpp"
#include "os-builder/disk/tool.hpp"

namespace bulkhead::disk {
namespace {

Result<> create_sparse(const sys::Path& path, std::uint64_t size) {
  sys::UniqueFd fd = TRY(sys::open_file(path, O_WRONLY | O_CREAT | O_EXCL, 0644));
  if (::ftruncate(fd.get(), static_cast<off_t>(size)) < 0) return fail_errno("creating a disk image of {} bytes", size);
  return fd.close();
}

Result<> fill(const DiskParts& parts, const Layout& layout, const sys::Path& image) {
  TRY(create_sparse(image, layout.disk_size));
  TRY(gpt::write_table(image, layout.table));
  TRY_CTX(make_esp({.image = image, .partition = layout.table.partitions.front()}, parts.esp_files, parts.epoch),
          "making the ESP");
  TRY(write_slot_content(image, layout.table, gpt::Slot::a, parts.root, TargetContent::zero));
  return flush(image);
}

}  // namespace

Result<> build(const DiskParts& parts, const sys::Path& output) {
  const Layout layout = TRY(plan_layout(parts.sizes, parts.version, parts.root.root_hash));
  TRY(check_slot_fit(layout.table, gpt::Slot::a, parts.root));
  // In a directory of its own beside the output: the tools get a path, and on failure everything is removed with the
  // directory.
  const sys::TempDir work = TRY(sys::TempDir::create(output.parent_path(), ".disk."));
  const sys::Path image = work.path() / output.filename();
  TRY_CTX(fill(parts, layout, image), "making the disk image");
  return sys::rename(image, output);
}

}  // namespace bulkhead::disk
