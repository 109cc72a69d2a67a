#include "tests/support/scratch_disk.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "lib/slots/entry_name.hpp"
#include "lib/verity/root_hash_signature.hpp"
#include "lib/vm/saved_state.hpp"
#include "os-builder/disk/slot.hpp"
#include "os-builder/uki/content.hpp"
#include "os-builder/uki/uki.hpp"
#include "tests/support/must.hpp"
#include "tests/support/program.hpp"

namespace bulkhead::testing {
namespace {

constexpr const char* kStub = "/usr/lib/systemd/boot/efi/linuxx64.efi.stub";
constexpr std::int64_t kTime = 1'700'000'000;
constexpr std::uint64_t kMostUki = std::uint64_t{64} << 20U;

std::string uki_path(std::string_view name) { return std::format("{}/{}", slots::kEntryDirectory, name); }

std::string tool_output(std::vector<std::string> arguments) {
  return must(sys::run_checked({.arguments = std::move(arguments)}));
}

// Next to the images, so that copying them can share their blocks.
sys::TempDir scratch_directory() {
  return must(sys::TempDir::create(image_directory("kvm").parent_path().parent_path() / "scratch", "vm-"));
}

// One header of the "newc" format: magic and 13 numbers of 8 hex digits (cpio(5)).
std::string cpio_entry(std::string_view name, unsigned mode, std::string_view content) {
  std::string entry = "070701";
  const std::array<std::size_t, 13> numbers = {0, mode, 0, 0, 1, 0, content.size(), 0, 0, 0, 0, name.size() + 1, 0};
  for (const std::size_t number : numbers) entry += std::format("{:08x}", number);
  entry += name;
  entry += '\0';
  entry.resize((entry.size() + 3) / 4 * 4, '\0');
  entry += content;
  entry.resize((entry.size() + 3) / 4 * 4, '\0');
  return entry;
}

}  // namespace

BuiltImage BuiltImage::of_variant(const std::string& name) {
  const sys::Path directory = image_directory(name);
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    const std::string file = entry.path().filename();
    if (const auto uki = slots::EntryName::parse(file)) return {directory, uki->version};
  }
  must(Result<>(fail(ErrorCode::not_found, "no UKI in {}", directory.native())));
  std::unreachable();
}

seal::SealedRoot BuiltImage::sealed_root() const {
  const std::string record = must(sys::read_file(directory_ / "root.verity-sig"));
  return {.root = directory_ / "root.erofs",
          .verity = directory_ / "root.verity",
          .signature = directory_ / "root.verity-sig",
          .root_hash = must(verity::parse_root_hash_signature(as_bytes(record))).root_hash};
}

std::string BuiltImage::uki() const {
  return must(sys::read_file(directory_ / slots::EntryName{.version = version_}.file_name(), kMostUki));
}

std::string BuiltImage::changed_uki(const UkiChanges& changes, const keys::KeySet& keys) const {
  const std::string before = uki();
  const uki::UkiContent content = must(uki::read_content(as_bytes(before)));
  const sys::TempDir directory = scratch_directory();
  const sys::Path initrd = directory.path() / "initrd";
  std::string archives(as_text(content.initrd));
  archives.resize((archives.size() + 3) / 4 * 4, '\0');  // where the kernel looks for the next archive
  // Signed by whoever signs the UKI: both places agree.
  constexpr std::string_view kEnd = " --";  // behind it, the kernel obeys nothing
  REQUIRE(content.command_line.ends_with(kEnd));
  const std::string command_line = std::format(
      "{} {}{}", std::string_view(content.command_line).substr(0, content.command_line.size() - kEnd.size()),
      changes.more_command_line, kEnd);
  const std::string agreed = cpio_entry("command-line", 0100644, command_line) + cpio_entry("TRAILER!!!", 0, "");
  must(sys::write_file_atomically(initrd, archives + agreed + changes.more_initrd));
  const uki::UkiInputs inputs{.kernel = rootfs::Content::of(std::string(as_text(content.kernel))),
                              .stub = rootfs::Content::of(must(sys::read_file(kStub))),
                              .initrd = {.path = initrd},
                              .command_line = command_line,
                              .os_release = content.os_release,
                              .kernel_release = content.kernel_release,
                              .epoch = kTime,
                              .key = keys.signature_db};
  must(uki::build(inputs, directory.path() / "uki.efi"));
  return must(sys::read_file(directory.path() / "uki.efi", kMostUki));
}

ScratchDisk::ScratchDisk() : directory_(scratch_directory()), path_(directory_.path() / "disk.img") {}

ScratchDisk ScratchDisk::of_saved(const sys::Path& state) {
  ScratchDisk disk;
  const sys::Path saved = must(vm::SavedState::open(state)).disk(0);
  tool_output({"qemu-img", "convert", "-f", "qcow2", "-O", "raw", saved.native(), disk.path_.native()});
  return disk;
}

ScratchDisk::ScratchDisk(const BuiltImage& image, std::uint64_t size) : ScratchDisk() {
  tool_output({"cp", "--sparse=always", "--reflink=auto", image.disk().native(), path_.native()});
  must(sys::file_size(path_));
  REQUIRE(::truncate(path_.c_str(), static_cast<off_t>(size)) == 0);
}

gpt::Partition ScratchDisk::partition(unsigned number) const {
  const gpt::TableReading reading = must(gpt::read_table(path_));
  const gpt::Partition* found = reading.table.find(number);
  REQUIRE(found != nullptr);
  return *found;
}

disk::Esp ScratchDisk::esp() const { return {.image = path_, .partition = partition(gpt::kEspNumber)}; }

void ScratchDisk::erase(std::uint64_t offset, std::uint64_t size) const {
  const sys::UniqueFd fd = must(sys::open_file(path_, O_WRONLY));
  must(sys::write_all_at(fd.get(), std::vector<std::byte>(size), offset));
}

void ScratchDisk::change_disk_byte(std::uint64_t offset) const {
  const sys::UniqueFd fd = must(sys::open_file(path_, O_RDWR));
  std::array<std::byte, 1> byte{};
  must(sys::read_exactly_at(fd.get(), byte, offset));
  byte[0] = ~byte[0];
  must(sys::write_all_at(fd.get(), byte, offset));
}

void ScratchDisk::flip_byte(unsigned partition_number, std::uint64_t offset) const {
  change_byte(partition_number, offset, [](std::byte before) { return ~before; });
}

void ScratchDisk::change_byte(unsigned partition_number, std::uint64_t offset,
                              const std::function<std::byte(std::byte)>& change) const {
  const gpt::Partition target = partition(partition_number);
  REQUIRE(offset < target.size);
  const sys::UniqueFd fd = must(sys::open_file(path_, O_RDWR));
  std::array<std::byte, 1> byte{};
  must(sys::read_exactly_at(fd.get(), byte, target.start + offset));
  byte[0] = change(byte[0]);
  must(sys::write_all_at(fd.get(), byte, target.start + offset));
}

std::uint64_t ScratchDisk::first_data_byte(unsigned root_partition_number, const std::string& file) const {
  const sys::Path root = directory() / "root.erofs";
  const gpt::Partition place = partition(root_partition_number);
  must(disk::extract(path_, place.start, place.size, root));
  // "   0:        0..  131072 |  131072 :   12345344..  12410880 |   65536": logical range, length, physical range,
  // length.
  const std::string extents = tool_output({"dump.erofs", "--path=" + file, "-e", root.native()});
  must(sys::remove_all(root));
  INFO(extents);
  const std::size_t first = extents.find(" 0: ");
  REQUIRE(first != std::string::npos);
  const std::size_t physical = extents.find(':', extents.find('|', first));
  REQUIRE(physical != std::string::npos);
  return std::stoull(extents.substr(physical + 1));
}

void ScratchDisk::fill_slot_b(const BuiltImage& image) const {
  must(disk::install_slot(path_, gpt::Slot::b, image.sealed_root(), image.version()));
}

std::vector<std::string> ScratchDisk::uki_names() const {
  std::vector<std::string> names;
  for (const std::string& file : must(disk::list_esp_files(esp()))) {
    if (file.starts_with(uki_path(""))) names.push_back(file.substr(uki_path("").size()));
  }
  std::ranges::sort(names);
  return names;
}

void ScratchDisk::put_uki(const std::string& name, std::string_view content) const {
  must(disk::put_esp_file(esp(), uki_path(name), content, kTime));
}

void ScratchDisk::put_esp_file(const std::string& path, std::string_view content) const {
  must(disk::put_esp_file(esp(), path, content, kTime));
}

std::string ScratchDisk::uki(const std::string& name) const { return must(disk::read_esp_file(esp(), uki_path(name))); }

void ScratchDisk::remove_uki(const std::string& name) const { must(disk::remove_esp_file(esp(), uki_path(name))); }

std::string ScratchDisk::ext4_name(unsigned partition_number) const {
  return std::format("{}?offset={}", path_.native(), partition(partition_number).start);
}

void ScratchDisk::change_partition_uuid(unsigned number, const std::string& uuid) const {
  tool_output({"sfdisk", "--part-uuid", path_.native(), std::to_string(number), uuid});
}

void ScratchDisk::change_partition_label(unsigned number, const std::string& label) const {
  tool_output({"sfdisk", "--part-label", path_.native(), std::to_string(number), label});
}

void ScratchDisk::change_partition_type(unsigned number, const std::string& type) const {
  tool_output({"sfdisk", "--part-type", path_.native(), std::to_string(number), type});
}

std::uint64_t ScratchDisk::ext4_size(unsigned partition_number) const {
  // -c: without the bitmaps, which only the journal may have right. "Block count:              634107", "Block size:
  // 4096"
  const std::string text = tool_output({"debugfs", "-c", "-R", "show_super_stats -h", ext4_name(partition_number)});
  const auto number = [&text](const std::string& name) {
    const std::size_t found = text.find("\n" + name + ":");
    REQUIRE(found != std::string::npos);
    return std::stoull(text.substr(found + name.size() + 2));
  };
  return number("Block count") * number("Block size");
}

void ScratchDisk::replay_journal(unsigned partition_number) const {
  tool_output({"debugfs", "-w", "-R", "journal_run", ext4_name(partition_number)});
}

void ScratchDisk::spoil_ext4(unsigned partition_number, const std::string& command) const {
  tool_output({"debugfs", "-w", "-R", "set_super_value errors 3", ext4_name(partition_number)});
  tool_output({"debugfs", "-w", "-R", command, ext4_name(partition_number)});
}

void ScratchDisk::enlarge(std::uint64_t bytes) const {
  const std::uint64_t size = must(sys::file_size(path_));
  REQUIRE(::truncate(path_.c_str(), static_cast<off_t>(size + bytes)) == 0);
}

std::string ScratchDisk::ext4_file(unsigned partition_number, const std::string& file) const {
  return tool_output({"debugfs", "-R", "cat " + file, ext4_name(partition_number)});
}

std::string initrd_with(const sys::Path& program) {
  static constexpr unsigned kExecutable = 0100755;
  return cpio_entry("init", kExecutable, must(sys::read_file(program))) + cpio_entry("TRAILER!!!", 0, "");
}

const keys::KeySet& owner_keys() {
  static const keys::KeySet keys = must(keys::load(key_directory()));
  return keys;
}

const keys::KeySet& stranger_keys() {
  static const sys::TempDir directory = must(sys::TempDir::create("/var/tmp", "stranger-"));  // not below the checkout
  static const keys::KeySet keys = must(keys::generate(directory.path() / "keys", "Stranger", 1));
  return keys;
}

}  // namespace bulkhead::testing
