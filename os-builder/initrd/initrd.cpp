#include "os-builder/initrd/initrd.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <map>
#include <memory>

#include "lib/base/text.hpp"
#include "lib/module_list/module_list.hpp"
#include "os-builder/initrd/module_order.hpp"

namespace bulkhead::initrd {
namespace {

using module_list::LoadStep;

constexpr std::size_t kLargestModule = std::size_t{64} << 20U;
constexpr const char* kCompressionLevel = "19";

struct ReadFree {
  void operator()(archive* reader) const { ::archive_read_free(reader); }
};
struct WriteFree {
  void operator()(archive* writer) const { ::archive_write_free(writer); }
};
struct EntryFree {
  void operator()(archive_entry* entry) const { ::archive_entry_free(entry); }
};

std::unexpected<Error> archive_failure(archive* source, std::string_view what) {
  const char* text = ::archive_error_string(source);
  return fail(ErrorCode::internal, "{}: {}", what, text == nullptr ? "unknown error of libarchive" : text);
}

// The modules are uncompressed: unpacking them at boot would need xz, and compressing the archive as a whole works
// better.
Result<std::string> decompress(const std::string& bytes) {
  const std::unique_ptr<archive, ReadFree> reader(::archive_read_new());
  ::archive_read_support_filter_xz(reader.get());
  ::archive_read_support_filter_zstd(reader.get());
  ::archive_read_support_format_raw(reader.get());
  archive_entry* entry = nullptr;
  if (::archive_read_open_memory(reader.get(), bytes.data(), bytes.size()) != ARCHIVE_OK ||
      ::archive_read_next_header(reader.get(), &entry) != ARCHIVE_OK) {
    return archive_failure(reader.get(), "decompressing");
  }
  std::string result;
  std::array<char, 65536> buffer;
  for (;;) {
    const la_ssize_t count = ::archive_read_data(reader.get(), buffer.data(), buffer.size());
    if (count < 0) return archive_failure(reader.get(), "decompressing");
    if (count == 0) return result;
    result.append(buffer.data(), static_cast<std::size_t>(count));
    if (result.size() > kLargestModule)
      return fail(ErrorCode::data_loss, "a kernel module is larger than {}", format_bytes(kLargestModule));
  }
}

// The kernel's modules by name, read once each.
class ModuleSet {
 public:
  explicit ModuleSet(const rootfs::Tree& tree) {
    for (const auto& [path, entry] : tree.entries()) {
      if (entry.content() == nullptr) continue;
      if (auto name = module_name_of_path(path)) entries_.emplace(std::move(*name), std::pair(path, entry.content()));
    }
  }

  Result<std::optional<std::vector<std::string>>> dependencies(const std::string& name) {
    if (!entries_.contains(name)) return std::nullopt;
    const auto module = TRY(info(name));
    return module.dependencies;
  }

  Result<ModuleInfo> info(const std::string& name) {
    const std::string* bytes = TRY(load(name));
    return TRY_CTX(read_module_info(as_bytes(*bytes)), "kernel module {}", name);
  }

  bool contains(const std::string& name) const { return entries_.contains(name); }

  // The uncompressed module, which must exist. Valid as long as this object.
  Result<const std::string*> load(const std::string& name) {
    if (const auto found = loaded_.find(name); found != loaded_.end()) return &found->second;
    const auto& [path, content] = entries_.at(name);
    std::string bytes = TRY(content->read());
    if (!path.ends_with(".ko")) bytes = TRY_CTX(decompress(bytes), "kernel module {}", name);
    return &loaded_.emplace(name, std::move(bytes)).first->second;
  }

  std::vector<std::string> names() const {
    std::vector<std::string> result;
    for (const auto& [name, entry] : entries_) result.push_back(name);
    return result;
  }

 private:
  std::map<std::string, std::pair<std::string, const rootfs::Content*>> entries_;
  std::map<std::string, std::string> loaded_;
};

// A newc archive in which nothing depends on the machine: owners, times, inode and device numbers are fixed. libarchive
// numbers the entries of a newc archive itself, from 1 on.
class CpioWriter {
 public:
  static Result<CpioWriter> open(const sys::Path& output, std::int64_t epoch) {
    CpioWriter writer(epoch);
    archive* raw = writer.archive_.get();
    if (::archive_write_set_format_cpio_newc(raw) != ARCHIVE_OK || ::archive_write_add_filter_zstd(raw) != ARCHIVE_OK ||
        ::archive_write_set_filter_option(raw, "zstd", "compression-level", kCompressionLevel) != ARCHIVE_OK) {
      return archive_failure(raw, "preparing the initrd");
    }
    writer.file_ = TRY(sys::open_file(output, O_WRONLY | O_CREAT | O_TRUNC, 0644));
    if (::archive_write_open_fd(raw, writer.file_.get()) != ARCHIVE_OK)
      return archive_failure(raw, "writing the initrd");
    return writer;
  }

  Result<> directory(const std::string& name) { return add(name, AE_IFDIR | 0755U, {}); }
  Result<> file(const std::string& name, std::string_view bytes, mode_t mode) {
    return add(name, AE_IFREG | mode, bytes);
  }

  Result<> finish() {
    if (::archive_write_close(archive_.get()) != ARCHIVE_OK)
      return archive_failure(archive_.get(), "writing the initrd");
    return file_.close();
  }

 private:
  explicit CpioWriter(std::int64_t epoch) : epoch_(epoch), archive_(::archive_write_new()) {}

  Result<> add(const std::string& name, mode_t type_and_mode, std::string_view bytes) {
    const std::unique_ptr<archive_entry, EntryFree> entry(::archive_entry_new());
    ::archive_entry_set_pathname(entry.get(), name.c_str());
    ::archive_entry_set_mode(entry.get(), type_and_mode);
    ::archive_entry_set_size(entry.get(), static_cast<la_int64_t>(bytes.size()));
    ::archive_entry_set_mtime(entry.get(), epoch_, 0);
    ::archive_entry_set_nlink(entry.get(), 1);
    if (::archive_write_header(archive_.get(), entry.get()) != ARCHIVE_OK) return archive_failure(archive_.get(), name);
    while (!bytes.empty()) {
      const la_ssize_t count = ::archive_write_data(archive_.get(), bytes.data(), bytes.size());
      if (count <= 0) return archive_failure(archive_.get(), name);
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
  }

  std::int64_t epoch_;
  sys::UniqueFd file_;
  std::unique_ptr<archive, WriteFree> archive_;
};

Result<std::set<std::string>> builtin_modules(const InitrdInputs& inputs) {
  const std::string path = std::format("/usr/lib/modules/{}/modules.builtin", inputs.kernel_release);
  const rootfs::Entry* entry = inputs.modules->find(path);
  if (entry == nullptr || entry->content() == nullptr)
    return fail(ErrorCode::not_found, "the kernel package does not contain {}", path);
  const std::string text = TRY(entry->content()->read());
  return parse_builtin(text);
}

Result<> check_names(std::span<const std::string> wanted, const std::set<std::string>& builtin,
                     const ModuleSet& modules) {
  for (const std::string& name : wanted) {
    if (builtin.contains(module_name(name)) || modules.contains(module_name(name))) continue;
    Error reason = error(ErrorCode::invalid_argument, "[initrd] modules: there is no kernel module {}", name);
    const std::string candidate = nearest(module_name(name), modules.names());
    return fail(candidate.empty() ? std::move(reason) : std::move(reason).with_hint("did you mean " + candidate + "?"));
  }
  return {};
}

Result<std::vector<LoadStep>> plan_loading(const InitrdInputs& inputs, const std::set<std::string>& builtin,
                                           ModuleSet& modules) {
  std::vector<LoadStep> steps;
  for (const std::string& wanted : inputs.wanted) {
    const std::string name = module_name(wanted);
    LoadStep step;
    step.modules = TRY(loading_order(std::span(&name, 1), builtin,
                                     [&](const std::string& module) { return modules.dependencies(module); }));
    if (step.modules.empty()) continue;  // built in
    const auto info = TRY(modules.info(name));
    step.patterns = device_patterns(info);
    steps.push_back(std::move(step));
  }
  return steps;
}

Result<> write(const InitrdInputs& inputs, ModuleSet& modules, const std::vector<LoadStep>& steps,
               const sys::Path& output) {
  const std::string init = TRY(inputs.init.read());
  CpioWriter writer = TRY(CpioWriter::open(output, inputs.epoch));
  TRY(writer.file("init", init, 0755));
  TRY(writer.file("command-line", inputs.command_line, 0644));
  TRY(writer.directory("modules"));
  std::set<std::string> written;
  for (const LoadStep& step : steps) {
    for (const std::string& name : step.modules) {
      if (!written.insert(name).second) continue;
      const auto module = TRY(modules.load(name));
      TRY(writer.file(std::format("modules/{}.ko", name), *module, 0644));
    }
  }
  TRY(writer.file("modules/load", module_list::to_text(steps), 0644));
  return writer.finish();
}

}  // namespace

Result<> build(const InitrdInputs& inputs, const sys::Path& output) {
  const auto builtin = TRY(builtin_modules(inputs));
  ModuleSet modules(*inputs.modules);
  TRY(check_names(inputs.wanted, builtin, modules));
  const auto steps = TRY_CTX(plan_loading(inputs, builtin, modules), "choosing modules for the initrd");
  if (auto done = write(inputs, modules, steps, output); !done) {
    static_cast<void>(sys::remove_all(output));  // the first error is the one to report
    return done;
  }
  return {};
}

}  // namespace bulkhead::initrd
