#include "os-builder/variant/variant.hpp"

#include <catch2/catch_test_macros.hpp>

#include "lib/sys/temp_dir.hpp"
#include "os-builder/variant/schema.hpp"

namespace bulkhead::variant {
namespace {

// Everything a variant must have, as a shared file.
constexpr std::string_view kBase = R"(description = "base"
[product]
name = "Bulkhead"
version = "0.1.0"
[packages]
suites = ["trixie"]
[packages.install]
systemd = "PID 1"
kmod = "modules"
[units]
enable = ["systemd-networkd.service"]
default = "multi-user.target"
[kernel]
package = "linux-image-cloud-amd64"
modules = ["dm_verity", "erofs"]
command_line = ["panic=10"]
[partitions]
esp = "512M"
root = "512M"
verity = "16M"
verity_signature = "1M"
state = "64M"
data = "64M"
)";

// A variants directory in a temporary place; messages name its files without the place.
class Variants {
 public:
  Variants() : dir_(*sys::TempDir::create("/tmp", "variants-")) { shared("base", kBase); }

  Variants& shared(const std::string& name, std::string_view text) {
    return write(dir_.path() / "shared" / (name + ".toml"), text);
  }
  Variants& variant(const std::string& name, std::string_view text) {
    return write(dir_.path() / name / "variant.toml", text);
  }

  Result<Variant> load(const std::string& name = "kvm") const { return variant::load(dir_.path(), name); }
  Result<std::vector<std::string>> list() const { return variant::list(dir_.path()); }

  std::string message(const std::string& name = "kvm") const {
    const auto loaded = load(name);
    if (loaded) return "no error";
    CHECK(loaded.error().code == ErrorCode::invalid_argument);
    std::string text = loaded.error().describe();
    const std::string place = dir_.path().native() + "/";
    for (auto at = text.find(place); at != std::string::npos; at = text.find(place)) text.erase(at, place.size());
    return text;
  }

 private:
  Variants& write(const sys::Path& path, std::string_view text) {
    REQUIRE(sys::create_directories(path.parent_path()));
    REQUIRE(sys::write_file_atomically(path, text));
    return *this;
  }

  sys::TempDir dir_;
};

// The message for a variant.toml of one line after `inherits = ["base"]`, without the file name.
std::string error_text(std::string_view line) {
  const std::string text = Variants().variant("kvm", std::format("inherits = [\"base\"]\n{}\n", line)).message();
  static constexpr std::string_view kFile = "kvm/variant.toml:";
  return text.starts_with(kFile) ? text.substr(kFile.size()) : text;
}

TEST_CASE("a variant has what it inherits and what it adds") {
  const auto loaded = Variants()
                          .variant("kvm", R"(
inherits = ["base"]
description = "the default"
[packages.install]
crun = "OCI runtime"
systemd = "PID 1 and more"
kmod = false
[packages.exclude]
runc = "replaced by crun"
[packages.from.sid]
crun = "patched"
[files]
drop = ["/usr/share/doc/**"]
keep = ["/usr/share/doc/*/copyright"]
overlays = ["base", "containers"]
[executables]
crun = "OCI runtime"
[libraries.absent]
"libpcre2-8.so.0" = "only for globs in SELinux tools"
[programs]
"/usr/libexec/bulkhead/console" = "bulkhead-console"
[symlinks]
"/usr/sbin/init" = "../lib/systemd/systemd"
[users]
systemd-network = { uid = 998, gid = 998, description = "network", home = "/run" }
[groups]
api = { gid = 900, members = ["systemd-network"] }
[units]
enable = ["containerd.service"]
mask = ["systemd-firstboot.service"]
[kernel]
modules = ["erofs", "virtio_blk"]
load = ["kvm"]
command_line = ["console=ttyS0"]
[initrd]
modules = ["virtio_blk"]
[image]
compression = "lz4hc,12"
cluster_size = "64K"
shell = true
[partitions]
root = "1G"
)")
                          .load();
  REQUIRE(loaded);
  const Variant& kvm = *loaded;
  CHECK(kvm.name == "kvm");
  CHECK(kvm.description == "the default");
  CHECK(kvm.product == "Bulkhead");
  CHECK(kvm.version == *Version::parse("0.1.0"));
  CHECK(kvm.packages == std::map<std::string, Reason>{{"crun", "OCI runtime"}, {"systemd", "PID 1 and more"}});
  CHECK(kvm.excluded_packages.at("runc") == "replaced by crun");
  CHECK(kvm.suites == std::vector<std::string>{"trixie"});
  CHECK(kvm.packages_from == std::map<std::string, std::map<std::string, Reason>>{{"sid", {{"crun", "patched"}}}});
  CHECK(kvm.drop_files == std::vector<std::string>{"/usr/share/doc/**"});
  CHECK(kvm.keep_files == std::vector<std::string>{"/usr/share/doc/*/copyright"});
  CHECK(kvm.overlays == std::vector<std::string>{"base", "containers"});
  CHECK(kvm.executables.contains("crun"));
  CHECK(kvm.absent_libraries.contains("libpcre2-8.so.0"));
  CHECK(kvm.programs.at("/usr/libexec/bulkhead/console") == "bulkhead-console");
  CHECK(kvm.symlinks.at("/usr/sbin/init") == "../lib/systemd/systemd");
  CHECK(kvm.users.at("systemd-network") == User{.uid = 998, .gid = 998, .description = "network", .home = "/run"});
  CHECK(kvm.groups.at("api") == Group{.gid = 900, .members = {"systemd-network"}});
  CHECK(kvm.enabled_units == std::vector<std::string>{"systemd-networkd.service", "containerd.service"});
  CHECK(kvm.masked_units == std::vector<std::string>{"systemd-firstboot.service"});
  CHECK(kvm.default_target == "multi-user.target");
  CHECK(kvm.kernel_package == "linux-image-cloud-amd64");
  CHECK(kvm.kernel_modules == std::vector<std::string>{"dm_verity", "erofs", "virtio_blk"});
  CHECK(kvm.load_modules == std::vector<std::string>{"kvm"});
  CHECK(kvm.command_line == std::vector<std::string>{"panic=10", "console=ttyS0"});
  CHECK(kvm.initrd_modules == std::vector<std::string>{"virtio_blk"});
  CHECK(kvm.compression == "lz4hc,12");
  CHECK(kvm.cluster_size == 65536);
  CHECK(kvm.shell_allowed);
  CHECK(kvm.partitions.root == std::uint64_t{1} << 30U);
  CHECK(kvm.partitions.verity_signature == std::uint64_t{1} << 20U);
}

TEST_CASE("a shared file that is inherited twice counts once") {
  const auto loaded = Variants()
                          .shared("network", "inherits = [\"base\"]\n[units]\nenable = [\"a.service\"]\n")
                          .shared("time", "inherits = [\"base\"]\n[units]\nenable = [\"b.service\"]\n")
                          .variant("kvm", "inherits = [\"network\", \"time\"]\n")
                          .load();
  REQUIRE(loaded);
  CHECK(loaded->enabled_units == std::vector<std::string>{"systemd-networkd.service", "a.service", "b.service"});
}

TEST_CASE("a circle of inheritance is refused and shown") {
  CHECK(Variants()
            .shared("a", "inherits = [\"b\"]\n")
            .shared("b", "inherits = [\"a\"]\n")
            .variant("kvm", "inherits = [\"a\"]\n")
            .message() ==
        "shared/b.toml:1:13: files inherit each other in a circle: kvm -> shared/a -> shared/b -> shared/a");
}

TEST_CASE("a missing shared file is an error at the place that names it") {
  CHECK(Variants().variant("kvm", "inherits = [\"bas\"]\n").message() ==
        "kvm/variant.toml:1:13: there is no shared/bas.toml; nearest: 'base'");
  CHECK(
      Variants().variant("kvm", "inherits = [\"../kvm/variant\"]\n").message().contains("is not a name of lower-case"));
}

TEST_CASE("an unknown key is an error with its place and the nearest known key") {
  CHECK(error_text("[pakages.install]") == "2:2: unknown key 'pakages.install'; nearest known key: 'packages.install'");
  CHECK(error_text("[packages]\ninstal = {}") ==
        "3:1: unknown key 'packages.instal'; nearest known key: 'packages.install'");
  CHECK(error_text("zzzzzzzzzzzzzzzzzzzzzzzz = 1") == "2:1: unknown key 'zzzzzzzzzzzzzzzzzzzzzzzz'");
  CHECK(error_text("[users]\na = {uid=1, gid=1, hme=\"/\"}") ==
        "3:20: unknown key 'users.a.hme'; nearest known key: 'users.a.home'");
}

TEST_CASE("an error in an inherited file names that file") {
  CHECK(Variants()
            .shared("extra", "[image]\nshel = true\n")
            .variant("kvm", "inherits = [\"base\", \"extra\"]")
            .message() == "shared/extra.toml:2:1: unknown key 'image.shel'; nearest known key: 'image.shell'");
}

TEST_CASE("a value of the wrong type is an error that says both types") {
  CHECK(error_text("packages = 1") == "2:12: 'packages' must be a table, not an integer");
  CHECK(error_text("[image]\nshell = \"yes\"") == "3:9: 'image.shell' must be true or false, not a string");
  CHECK(error_text("[partitions]\nroot = 512") ==
        "3:8: 'partitions.root' must be a size in a string, for example \"512M\", not an integer");
  CHECK(error_text("[units]\nmask = \"a.service\"") == "3:8: 'units.mask' must be a list of strings, not a string");
  CHECK(error_text("[units]\nmask = [1]") == "3:9: 'units.mask' must be a string, not an integer");
  CHECK(error_text("[executables]\ncrun = true") == "3:8: 'executables.crun' must be a string, not a boolean");
  CHECK(error_text("executables = []") == "2:15: 'executables' must be a table, not a list");
  CHECK(error_text("description = 2020-01-01") == "2:15: 'description' must be a string, not a date or time");
  CHECK(error_text("[users]\na = 1") == "3:5: 'users.a' must be a table or false, not an integer");
  CHECK(error_text("[groups]\na = {}") == "3:5: 'groups.a' needs 'gid'");
}

TEST_CASE("a bad value is an error with the value and the rule") {
  CHECK(error_text("[packages.install]\nCrun = \"x\"")
            .starts_with("3:1: 'packages.install': 'Crun' is not a Debian package name"));
  CHECK(error_text("[executables]\ncrun = \" \"") == "3:8: 'executables.crun': ' ' is empty; write one line of text");
  CHECK(error_text("[partitions]\nroot = \"513K\"") ==
        "3:8: 'partitions.root': '513K' is not a multiple of 1 MiB between 1M and 16T");
  CHECK(error_text("[partitions]\nroot = \"1X\"").starts_with("3:8: 'partitions.root': '1X' is not a size"));
  CHECK(error_text("[product]\nversion = \"1\"").starts_with("3:11: 'product.version': "));
  CHECK(error_text("[users]\na = {uid=61184, gid=1}").starts_with("3:10: 'users.a.uid': 61184 is not between"));
  CHECK(error_text("[kernel]\ncommand_line = [\"roothash=00\"]") ==
        "3:17: 'kernel.command_line': 'roothash=00' is set by the build and cannot be given here");
}

TEST_CASE("an element that is twice in one list is refused, across files it keeps its first place") {
  CHECK(error_text("[units]\nmask = [\"a.service\", \"a.service\"]") ==
        "3:22: 'units.mask': the list contains 'a.service' twice");
  const auto loaded =
      Variants().variant("kvm", "inherits = [\"base\"]\n[kernel]\nmodules = [\"x\", \"dm_verity\"]").load();
  REQUIRE(loaded);
  CHECK(loaded->kernel_modules == std::vector<std::string>{"dm_verity", "erofs", "x"});
}

TEST_CASE("removing what is not inherited is an error") {
  CHECK(error_text("[packages.install]\nnano = false") ==
        "3:1: 'packages.install.nano = false' removes nothing: no inherited file sets it");
}

TEST_CASE("packages from another suite are inherited, replaced and removed one by one") {
  Variants variants;
  variants.shared("more", "[packages.from.sid]\ncrun = \"a\"\nrunsc = \"b\"\n[packages.from.other]\nnano = \"c\"\n");
  variants.variant("kvm",
                   "inherits = [\"base\", \"more\"]\n[packages.from.sid]\ncrun = \"d\"\n"
                   "[packages.from.other]\nnano = false\n");
  const auto loaded = variants.load();
  REQUIRE(loaded);
  CHECK(loaded->packages_from ==
        std::map<std::string, std::map<std::string, Reason>>{{"sid", {{"crun", "d"}, {"runsc", "b"}}}});
}

TEST_CASE("lowest versions are versions of packages") {
  Variants variants;
  variants.shared("more", "[packages.minimum]\ncrun = \"1.28~\"\nrunsc = \"1\"\n");
  variants.variant("kvm",
                   "inherits = [\"base\", \"more\"]\n[packages.minimum]\ncrun = \"2:1.29-1+b2\"\nrunsc = false\n");
  const auto loaded = variants.load();
  REQUIRE(loaded);
  CHECK(loaded->minimum_versions == std::map<std::string, std::string>{{"crun", "2:1.29-1+b2"}});
  for (const char* bad : {"", "latest", ">= 1", "1.0 ", "~1"}) {
    CHECK(error_text(std::format("[packages.minimum]\ncrun = \"{}\"", bad))
              .contains(std::format("'{}' is not the version of a Debian package", bad)));
  }
}

TEST_CASE("a bad entry of another suite is refused at its place") {
  CHECK(error_text("[packages]\nfrom = 1") == "3:8: 'packages.from' must be a table, not an integer");
  CHECK(error_text("[packages.from]\nsid = \"x\"") == "3:7: 'packages.from.sid' must be a table, not a string");
  CHECK(error_text("[packages.from.\"../sid\"]\na1 = \"x\"").contains("'../sid' is not a name"));
  CHECK(error_text("[packages.from.sid]\nCrun = \"x\"").contains("'Crun' is not a Debian package name"));
  CHECK(error_text("[packages.from.sid]\ncrun = \"\"").contains("is empty"));
  CHECK(error_text("[packages.from.sid]\ncrun = 1").contains("'packages.from.sid.crun' must be a string"));
  CHECK(error_text("[packages.from.sid]\ncrun = false").contains("removes nothing"));
  CHECK(error_text("[packages]\nsuites = [\"Trixie/updates\"]").contains("is not a name"));
  CHECK(error_text("[packages.from.trixie]\nkmod = \"x\"") ==
        "3:1: 'trixie' is one of packages.suites: every package may come from there");
  CHECK(error_text("[packages.exclude]\nnano = \"x\"\n[packages.from.sid]\nnano = \"x\"") ==
        "5:1: package 'nano' is excluded, and comes from no suite");
  CHECK(error_text("[packages.from.sid]\nkmod = \"x\"\n[packages.from.experimental]\nkmod = \"x\"")
            .ends_with("package 'kmod' cannot come from both experimental and sid"));
}

TEST_CASE("contradictions are errors at the place of the refusal") {
  CHECK(error_text("[packages.exclude]\nkmod = \"x\"") == "3:1: package 'kmod' is both installed and excluded");
  CHECK(error_text("[packages.exclude]\nlinux-image-cloud-amd64 = \"x\"") ==
        "3:1: package 'linux-image-cloud-amd64' is both installed and excluded");
  CHECK(error_text("[units]\nmask = [\"systemd-networkd.service\"]") ==
        "3:9: unit 'systemd-networkd.service' is both enabled and masked");
  CHECK(error_text("[users]\na = {uid=5,gid=5}\nb = {uid=5,gid=6}") == "4:1: users 'a' and 'b' have the same uid 5");
  CHECK(error_text("[groups]\na = {gid=5}\nb = {gid=5}") == "4:1: groups 'a' and 'b' have the same gid 5");
  CHECK(error_text("[programs]\n\"/a\" = \"x\"\n[symlinks]\n\"/a\" = \"b\"") ==
        "5:1: '/a' is both a program and a symlink");
}

TEST_CASE("a missing required key is an error that says what to set") {
  const auto loaded = Variants().variant("kvm", "description = \"x\"").load();
  REQUIRE_FALSE(loaded);
  CHECK(loaded.error().message.ends_with("kvm/variant.toml: the variant needs 'product.name'"));
  CHECK_FALSE(loaded.error().hint.empty());
}

TEST_CASE("broken TOML is an error with its place") {
  CHECK(error_text("[units\n").starts_with("2:7: "));
  CHECK(error_text("[image]\nshell = true\nshell = true").starts_with("4:"));
  CHECK(error_text("x = " + std::string(3000, '1')) == "2:2048: the line is longer than 2048 bytes");
  CHECK(error_text("x = [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[").starts_with("2:"));
}

TEST_CASE("an unknown variant is an error that names the nearest one and all others") {
  Variants variants;
  variants.variant("kvm", "").variant("ec2", "").variant("kvm-dev", "");
  const auto loaded = variants.load("kvn");
  REQUIRE_FALSE(loaded);
  CHECK(loaded.error().code == ErrorCode::invalid_argument);
  CHECK(loaded.error().message.starts_with("there is no variant 'kvn' in "));
  CHECK(loaded.error().hint == "did you mean 'kvm'? variants: ec2, kvm, kvm-dev");
  CHECK_FALSE(variants.load("shared"));
  CHECK_FALSE(variants.load("../kvm"));
  CHECK_FALSE(variants.load(""));
}

TEST_CASE("the list of variants is sorted and leaves out what is none") {
  Variants variants;
  variants.variant("kvm", "").variant("ec2", "").shared("variant", "");
  REQUIRE(variants.list());
  CHECK(*variants.list() == std::vector<std::string>{"ec2", "kvm"});
  CHECK_FALSE(list("/nonexistent"));
}

TEST_CASE("docs/formats/variant.md has the table of keys as the schema gives it") {
  const auto page = sys::read_file(sys::Path(BULKHEAD_DOCS_DIR) / "formats/variant.md");
  REQUIRE(page);
  INFO("the table must be:\n" << documentation());
  CHECK(page->contains(documentation()));
}

}  // namespace
}  // namespace bulkhead::variant
