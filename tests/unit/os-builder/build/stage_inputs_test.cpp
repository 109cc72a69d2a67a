// Every field of every stage's inputs counts: a changed one is never mistaken for work that was done before. That the
// lists have every member is checked where they are used (lists_every_member()).
#include <catch2/catch_test_macros.hpp>

#include "lib/crypto/sha256.hpp"
#include "lib/sys/temp_dir.hpp"
#include "os-builder/bootloader/bootloader.hpp"
#include "os-builder/build/outputs.hpp"
#include "os-builder/erofs/erofs.hpp"
#include "os-builder/initrd/initrd.hpp"
#include "os-builder/rootfs/layer_store.hpp"
#include "os-builder/sbom/build_id.hpp"
#include "os-builder/uki/uki.hpp"

namespace bulkhead {
namespace {

const sys::Path& scratch() {
  static const sys::TempDir directory = sys::TempDir::create("/tmp", "stage-inputs-").value();
  return directory.path();
}

sys::Path file_with(const std::string& content) {
  sys::Path file = scratch() / content;
  REQUIRE(sys::write_file_atomically(file, content));
  return file;
}

keys::KeyPair key(const std::string& name) { return {.certificate = file_with(name + ".pem"), .key = name + ".key"}; }

keys::KeySet key_set() {
  return {.platform_key = key("pk"),
          .key_exchange_key = key("kek"),
          .signature_db = key("db"),
          .root_hash = key("root-hash")};
}

const rootfs::Tree& empty_tree() {
  static const rootfs::Tree tree;
  return tree;
}

const rootfs::Tree& other_tree() {
  static const rootfs::Tree tree = [] {
    rootfs::Tree made;
    REQUIRE(made.put_symlink("/bin", "usr/bin", "test"));
    return made;
  }();
  return tree;
}

const packages::PackageSet kNoPackages;
const packages::PackageSet kOtherPackages{.packages = {}, .source_date_epoch = 1};

const variant::Variant kVariant{};
const variant::Variant kOtherVariant = [] {
  variant::Variant other;
  other.name = "other";
  return other;
}();

const rootfs::ComposedRoot& composed_root() {
  static const rootfs::ComposedRoot root{.tree = {},
                                         .kernel_release = "6.12.1",
                                         .kernel = rootfs::Content::of("kernel"),
                                         .efi_stub = rootfs::Content::of("stub"),
                                         .boot_loader = rootfs::Content::of("boot loader"),
                                         .modules = {},
                                         .boot_packages = {},
                                         .license_documents = {},
                                         .built_using = {},
                                         .os_release = {}};
  return root;
}

const rootfs::ComposedRoot& other_root() {
  static const rootfs::ComposedRoot other = [] {
    rootfs::ComposedRoot root = composed_root();
    root.os_release = "ID=other";
    return root;
  }();
  return other;
}

// A value of each type that a field has, changed.
void change(std::string& value) { value += " changed"; }
void change(std::vector<std::string>& value) { value.emplace_back("more"); }
void change(std::integral auto& value) { ++value; }
void change(bool& value) { value = !value; }
void change(std::map<std::string, std::string>& value) { value["more"] = "of it"; }
void change(std::map<std::string, std::map<std::string, std::string>>& value) { change(value["more"]); }
void change(std::map<std::string, variant::User>& value) { ++value["user"].uid; }
void change(std::map<std::string, variant::Group>& value) { value["group"].members.emplace_back("more"); }
void change(std::vector<sbom::SourceFile>& value) { value.front().content += " changed"; }
void change(Version& value) { value = Version::parse("9.9.9").value(); }
void change(Sha256& value) { value = crypto::sha256("changed"); }
void change(rootfs::Content& value) { value = rootfs::Content::of("changed"); }
void change(const rootfs::Tree*& value) { value = &other_tree(); }
void change(rootfs::Tree& value) { value = other_tree(); }
void change(const rootfs::ComposedRoot*& value) { value = &other_root(); }
void change(std::map<std::string, std::vector<rootfs::BuiltUsing>>& value) {
  value["package"].push_back({.source = "source", .version = "1"});
}
void change(const packages::PackageSet*& value) { value = &kOtherPackages; }
void change(stage::Product& value) { change(value.inputs); }
void change(keys::KeyPair& value) { value.certificate = file_with("another.pem"); }
void change(const variant::Variant*& value) { value = &kOtherVariant; }
void change(seal::SealedRoot& value) { change(value.root_hash); }

// Calls `check` with the name of each field and a copy of `inputs` in which only that field is changed; fields of a
// struct that lists its own are changed one by one.
template <class Inputs, class Check>
void for_each_change(const Inputs& inputs, const Check& check) {
  const auto visit = [&](const auto& field) {
    Inputs changed = inputs;
    auto& value = changed.*field.member;
    if constexpr (stage::HasFields<std::remove_reference_t<decltype(value)>>) {
      for_each_change(auto(value), [&](const std::string& name, const auto& other) {
        value = other;
        check(std::format("{}: {}", field.name, name), changed);
      });
    } else {
      change(value);
      check(std::string(field.name), changed);
    }
  };
  std::apply([&](const auto&... field) { (visit(field), ...); }, Inputs::kFields);
}

template <class Inputs>
void check_every_field_counts(const Inputs& inputs) {
  const Sha256 before = stage::digest_of(inputs).value();
  CHECK(stage::digest_of(Inputs(inputs)).value() == before);
  for_each_change(inputs, [&](const std::string& name, const Inputs& changed) {
    INFO(name);
    CHECK(stage::digest_of(changed).value() != before);
  });
}

uki::UkiInputs uki_inputs() {
  return {.kernel = rootfs::Content::of("kernel"),
          .stub = rootfs::Content::of("stub"),
          .initrd = {.path = "/initrd", .inputs = {}},
          .command_line = "panic=10",
          .os_release = "ID=bulkhead\n",
          .kernel_release = "6.12.1",
          .epoch = 1,
          .key = key("db")};
}

}  // namespace

TEST_CASE("root image: every field counts") {
  check_every_field_counts(erofs::RootImageInputs{.tree = &empty_tree(), .compression = "lz4", .epoch = 1});
}

TEST_CASE("seal: every field counts") {
  check_every_field_counts(seal::SealInputs{.root = {.path = "/root.erofs", .inputs = {}}, .key = key("root-hash")});
}

TEST_CASE("initrd: every field counts") {
  check_every_field_counts(initrd::InitrdInputs{.init = rootfs::Content::of("init"),
                                                .modules = &empty_tree(),
                                                .kernel_release = "6.12.1",
                                                .wanted = {"dm_verity"},
                                                .command_line = "quiet",
                                                .epoch = 1});
}

TEST_CASE("uki: every field counts") { check_every_field_counts(uki_inputs()); }

TEST_CASE("boot loader: every field and every key counts") {
  check_every_field_counts(bootloader::BootLoaderInputs{.chainload = rootfs::Content::of("chainload"),
                                                        .systemd_boot = rootfs::Content::of("systemd-boot"),
                                                        .epoch = 1,
                                                        .keys = key_set()});
}

TEST_CASE("images: every field, every key, and everything that was composed counts") {
  const sbom::SourceFile file{.name = "base/etc/motd", .type = "file", .content = "digest"};
  check_every_field_counts(
      build::OutputInputs{.variant = &kVariant,
                          .build_id = "0123456789abcdef",
                          .packages = &kNoPackages,
                          .root = &composed_root(),
                          .overlays = {file},
                          .programs = {file},
                          .compiled_in = "{}",
                          .sealed = {.root = {}, .verity = {}, .signature = file_with("signature"), .root_hash = {}},
                          .initrd = {.path = "/initrd", .inputs = {}},
                          .uki = {.path = "/uki.efi", .inputs = {}},
                          .boot_loader = {.path = "/boot-loader", .inputs = {}},
                          .keys = key_set(),
                          .epoch = 1});
  check_every_field_counts(composed_root());
  check_every_field_counts(rootfs::BuiltUsing{.source = "golang-dbus", .version = "5.1.0-1"});
}

TEST_CASE("layers: every field counts") {
  check_every_field_counts(rootfs::PackageLayerInputs{.deb = crypto::sha256("deb")});
  check_every_field_counts(rootfs::ControlLayerInputs{.control_of = crypto::sha256("deb")});
  CHECK(stage::digest_of(rootfs::PackageLayerInputs{.deb = {}}).value() !=
        stage::digest_of(rootfs::ControlLayerInputs{.control_of = {}}).value());
  check_every_field_counts(
      rootfs::ToolLayerInputs{.content = "linker cache", .tool = "ldconfig 2.41", .tree = &empty_tree()});
}

TEST_CASE("build id: every field, and every one of the variant and of a file, counts") {
  const sbom::SourceFile file{.name = "base/etc/motd", .type = "file", .content = "digest"};
  check_every_field_counts(
      sbom::BuildIdInputs{.packages = &kNoPackages, .variant = &kVariant, .overlays = {file}, .programs = {file}});
  check_every_field_counts(file);
  check_every_field_counts(kVariant);
  check_every_field_counts(variant::User{});
  check_every_field_counts(variant::Group{});
}

TEST_CASE("the kernel release of a UKI counts, which once was forgotten") {
  uki::UkiInputs changed = uki_inputs();
  changed.kernel_release = "6.12.2";
  CHECK(stage::digest_of(changed).value() != stage::digest_of(uki_inputs()).value());
}

TEST_CASE("the signature of a sealed root counts by its content") {
  const sys::Path signature = file_with("signature of a key");
  const seal::SealedRoot sealed{.root = {}, .verity = {}, .signature = signature, .root_hash = {}};
  const Sha256 before = sealed.digest().value();
  REQUIRE(sys::write_file_atomically(signature, "signature of another key"));
  CHECK(sealed.digest().value() != before);
}

TEST_CASE("a private key that moves, with the same certificate, changes nothing") {
  uki::UkiInputs moved = uki_inputs();
  moved.key.key = "pkcs11:token=db";
  CHECK(stage::digest_of(moved).value() == stage::digest_of(uki_inputs()).value());
}

}  // namespace bulkhead
