// Rules of texts: what a host name, a quantity or a sysctl key is. Each names its source.
#pragma once

#include <string_view>

#include "lib/settings/type.hpp"

namespace bulkhead::settings {

namespace rule {

bool is_base64(std::string_view text);
bool is_certificates(std::string_view text);  // base64 of PEM with at least one certificate, or empty
bool is_host_name(std::string_view text);     // segments of 1 to 63 characters that do not begin or end with '-'
bool is_ip_address(std::string_view text);
bool is_ip_network(std::string_view text);  // address and prefix length
bool has_no_dot_dot(std::string_view text);
bool is_boot_value(std::string_view text);

struct Text {
  static constexpr std::string_view name = "a text", rule = "", pattern = "";
  static constexpr std::size_t longest = 65536;
};
struct Line {
  static constexpr std::string_view name = "one line of text", rule = "1 to 1024 characters without line breaks",
                                    pattern = R"([^\x00-\x1f\x7f]+)";
  static constexpr std::size_t longest = 1024;
};
// A URL, or an authority and path alone, as in image references.
struct Url {
  static constexpr std::string_view
      name = "a URL",
      rule = "scheme://host/path, or host/path, without white space",
      pattern = R"(([a-zA-Z][a-zA-Z0-9+.-]*://)?[^\x00-\x20\x7f/?#]*[^\x00-\x20\x7f/?#:]([/?#][^\x00-\x20\x7f]*)?)";
  static constexpr std::size_t longest = 2048;
};
struct HttpsUrl {
  static constexpr std::string_view name = "a URL", rule = "https://host/path or http://host/path",
                                    pattern =
                                        R"(https?://[^\x00-\x20\x7f/?#]*[^\x00-\x20\x7f/?#:]([/?#][^\x00-\x20\x7f]*)?)";
  static constexpr std::size_t longest = 2048;
};
struct VersionLock {
  static constexpr std::string_view name = "a version", rule = "\"latest\" or MAJOR.MINOR.PATCH",
                                    pattern = R"(latest|v?[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?)";
  static constexpr std::size_t longest = 64;
};
struct Identifier {
  static constexpr std::string_view name = "an identifier", rule = "1 to 76 letters, digits and '-'",
                                    pattern = "[A-Za-z0-9-]+";
  static constexpr std::size_t longest = 76;
};
struct Base64 {
  static constexpr std::string_view name = "base64", rule = "standard base64 with padding (RFC 4648, section 4)",
                                    pattern = "";
  static constexpr std::size_t longest = std::size_t{1} << 20U;
  static constexpr auto passes = is_base64;
};
struct Certificates {
  static constexpr std::string_view name = "certificates", rule = "base64 of certificates in PEM, or empty",
                                    pattern = "";
  static constexpr std::size_t longest = std::size_t{1} << 20U;
  static constexpr auto passes = is_certificates;
};
struct HostName {  // RFC 1123, section 2.1
  static constexpr std::string_view
      name = "a host name",
      rule = "1 to 253 lower-case letters, digits, '-' and '.', each part 1 to 63 characters", pattern = "[0-9a-z.-]+";
  static constexpr std::size_t longest = 253;
  static constexpr auto passes = is_host_name;
};
struct IpAddress {
  static constexpr std::string_view name = "an IP address", rule = "an IPv4 or IPv6 address",
                                    pattern = "[0-9a-fA-F.:]+";
  static constexpr std::size_t longest = 45;
  static constexpr auto passes = is_ip_address;
};
struct IpNetwork {
  static constexpr std::string_view name = "an address with a prefix length",
                                    rule = "such as 10.0.0.9/24 or fd00::9/64", pattern = "[0-9a-fA-F.:]+/[0-9]{1,3}";
  static constexpr std::size_t longest = 49;
  static constexpr auto passes = is_ip_network;
};
// A host name or an address, perhaps as a URL whose host counts: what operators put where a server is meant.
struct Server {
  static constexpr std::string_view name = "a server", rule = "a host name, an IP address, or a URL of one",
                                    pattern = R"(([a-z]+://)?[0-9A-Za-z.:_\[\]-]+/?)";
  static constexpr std::size_t longest = 300;
};
struct ChronyOption {
  static constexpr std::string_view name = "an option", rule = "lower-case letters, digits, '.', '-' and spaces",
                                    pattern = "[a-z0-9 .-]+";
  static constexpr std::size_t longest = 64;
};
struct SysctlKey {  // sysctl.d(5)
  static constexpr std::string_view
      name = "a sysctl key",
      rule =
          "1 to 128 letters, digits, '.', '/', '_' and '-', not beginning with '.' or '/', "
          "without \"..\"",
      pattern = "[a-zA-Z0-9_-][a-zA-Z0-9./_-]*";
  static constexpr std::size_t longest = 128;
  static constexpr auto passes = has_no_dot_dot;
};
struct ModuleName {
  static constexpr std::string_view name = "a module name", rule = "1 to 56 letters, digits, '_' and '-'",
                                    pattern = "[A-Za-z0-9_-]+";
  static constexpr std::size_t longest = 56;
};
struct BootKey {  // kernel document admin-guide/bootconfig
  static constexpr std::string_view name = "a parameter name",
                                    rule = "letters, digits, '_' and '-', in parts with dots between",
                                    pattern = R"([A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*)";
  static constexpr std::size_t longest = 255;
};
struct BootValue {
  static constexpr std::string_view name = "a parameter value", rule = "printable ASCII, not with both kinds of quotes",
                                    pattern = "[\\x20-\\x7e]*";
  static constexpr std::size_t longest = 1024;
  static constexpr auto passes = is_boot_value;
};
struct Unit {  // systemd.unit(5)
  static constexpr std::string_view name = "a unit", rule = "the name of a systemd unit with its suffix",
                                    pattern = R"([A-Za-z0-9:_.\\@-]+\.(service|socket|target|mount|path|timer|slice))";
  static constexpr std::size_t longest = 255;
};
struct Registry {
  static constexpr std::string_view name = "a registry", rule = "host[:port], or \"*\" for every registry",
                                    pattern = R"(\*|[A-Za-z0-9.-]+(:[0-9]{1,5})?)";
  static constexpr std::size_t longest = 260;
};
struct Region {
  static constexpr std::string_view name = "a region", rule = "lower-case letters, digits and '-'",
                                    pattern = "[a-z0-9-]+";
  static constexpr std::size_t longest = 64;
};
struct InterfaceName {  // the kernel's IFNAMSIZ
  static constexpr std::string_view name = "an interface",
                                    rule = "1 to 15 letters, digits, '.', '_' and '-', or a MAC address",
                                    pattern = "[A-Za-z0-9._-]{1,15}|([0-9a-f]{2}:){5}[0-9a-f]{2}";
  static constexpr std::size_t longest = 17;
};
struct RouteTarget {
  static constexpr std::string_view name = "a destination", rule = "\"default\", or an address with a prefix length",
                                    pattern = "default|[0-9a-fA-F.:]+/[0-9]{1,3}";
  static constexpr std::size_t longest = 49;
  static constexpr bool passes(std::string_view text) { return text == "default" || is_ip_network(text); }
};
struct ImageReference {  // OCI distribution specification, "Pulling manifests"
  static constexpr std::string_view
      name = "an image",
      rule = "registry/repository[:tag][@sha256:digest]",
      pattern = R"([A-Za-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)+(:[A-Za-z0-9_.-]+)?(@sha256:[0-9a-f]{64})?)";
  static constexpr std::size_t longest = 512;
};
struct CapabilityName {  // capabilities(7)
  static constexpr std::string_view
      name = "a capability",
      rule = "lower case with '-', such as net-admin",
      pattern =
          "audit-control|audit-read|audit-write|block-suspend|bpf|checkpoint-restore|chown|dac-override|dac-read-"
          "search|fowner|fsetid|ipc-lock|ipc-owner|kill|lease|linux-immutable|mac-admin|mac-override|mknod|net-admin|"
          "net-bind-service|net-broadcast|net-raw|perfmon|setgid|setfcap|setpcap|setuid|sys-admin|sys-boot|sys-chroot|"
          "sys-module|sys-nice|sys-pacct|sys-ptrace|sys-rawio|sys-resource|sys-time|sys-tty-config|syslog|wake-alarm";
  static constexpr std::size_t longest = 32;
};
struct ResourceName {  // getrlimit(2)
  static constexpr std::string_view
      name = "a resource limit",
      rule = "such as max-open-files",
      pattern =
          "max-(address-space|core-file-size|cpu-time|data-size|file-locks|file-size|locked-memory|msgqueue-size|nice-"
          "priority|open-files|pending-signals|processes|realtime-priority|realtime-timeout|resident-set|stack-size)";
  static constexpr std::size_t longest = 32;
};
struct EnvironmentName {
  static constexpr std::string_view name = "a variable", rule = "letters, digits and '_', not beginning with a digit",
                                    pattern = "[A-Za-z_][A-Za-z0-9_]*";
  static constexpr std::size_t longest = 128;
};
struct AbsolutePath {
  static constexpr std::string_view name = "an absolute path", rule = "a path that begins with '/', without \"..\"",
                                    pattern = R"(/[^\x00-\x1f\x7f]*)";
  static constexpr std::size_t longest = 4095;
  static constexpr auto passes = has_no_dot_dot;
};

// Kubernetes: API conventions and the documentation of the kubelet's configuration.
struct ClusterName {
  static constexpr std::string_view name = "a cluster name", rule = "1 to 100 letters, digits, '_' and '-'",
                                    pattern = "[0-9A-Za-z][0-9A-Za-z_-]*";
  static constexpr std::size_t longest = 100;
};
struct BootstrapToken {
  static constexpr std::string_view name = "a bootstrap token",
                                    rule = "6 and 16 lower-case letters and digits with a dot between",
                                    pattern = R"([a-z0-9]{6}\.[a-z0-9]{16})";
  static constexpr std::size_t longest = 23;
};
struct LabelKey {
  static constexpr std::string_view
      name = "a label key",
      rule = "[prefix/]name, the prefix a DNS name, the name at most 63 characters",
      pattern = R"(([a-z0-9]([a-z0-9.-]*[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)";
  static constexpr std::size_t longest = 317;
};
struct LabelValue {
  static constexpr std::string_view name = "a label value",
                                    rule = "empty, or at most 63 letters, digits, '_', '.' and '-'",
                                    pattern = R"(([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?)";
  static constexpr std::size_t longest = 63;
};
struct Taint {
  static constexpr std::string_view
      name = "a taint",
      rule = "value:effect, the effect NoSchedule, PreferNoSchedule or NoExecute",
      pattern = R"(([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?:(NoSchedule|PreferNoSchedule|NoExecute))";
  static constexpr std::size_t longest = 80;
};
struct Quantity {
  static constexpr std::string_view name = "a quantity", rule = "a number with a unit, such as 500m, 1.5Gi or 1e9",
                                    pattern = "[0-9]+(\\.[0-9]+)?([eE][+-]?[0-9]+|[EPTGMK]i|[EPTGMknum])?";
  static constexpr std::size_t longest = 32;
};
struct Threshold {
  static constexpr std::string_view name = "a threshold", rule = "a quantity, or a percentage below 100 such as 10%",
                                    pattern = "[0-9]+(\\.[0-9]+)?([EPTGMK]i|[EPTGMknum])?|[0-9]{1,2}(\\.[0-9]+)?%";
  static constexpr std::size_t longest = 32;
};
struct Duration {
  static constexpr std::string_view
      name = "a duration",
      rule = "hours, minutes, seconds and milliseconds, such as 1h30m or 2.5s",
      pattern = R"((?=.)([0-9]+(\.[0-9]+)?h)?([0-9]+(\.[0-9]+)?m)?([0-9]+(\.[0-9]+)?s)?([0-9]+(\.[0-9]+)?ms)?)";
  static constexpr std::size_t longest = 64;
};
struct CpuSet {
  static constexpr std::string_view name = "a set of CPUs", rule = "numbers and ranges, such as 0,2-3",
                                    pattern = "[0-9]{1,4}(-[0-9]{1,4})?(,[0-9]{1,4}(-[0-9]{1,4})?)*";
  static constexpr std::size_t longest = 1024;
};
struct EvictionSignal {
  static constexpr std::string_view name = "an eviction signal",
                                    rule =
                                        "memory.available, nodefs.available, nodefs.inodesFree, imagefs.available, "
                                        "imagefs.inodesFree or pid.available",
                                    pattern = R"((memory|nodefs|imagefs|pid)\.available|(nodefs|imagefs)\.inodesFree)";
  static constexpr std::size_t longest = 32;
};
struct ReservedResource {
  static constexpr std::string_view name = "a resource", rule = "cpu, memory, ephemeral-storage or pid",
                                    pattern = "cpu|memory|ephemeral-storage|pid";
  static constexpr std::size_t longest = 32;
};
struct NumaNode {
  static constexpr std::string_view name = "a NUMA node", rule = "its number", pattern = "[0-9]{1,3}";
  static constexpr std::size_t longest = 3;
};
struct SysctlPattern {
  static constexpr std::string_view name = "a sysctl", rule = "a sysctl key, perhaps ending in '*'",
                                    pattern = "[a-z0-9]([a-z0-9._/-]*[a-z0-9])?\\*?|[a-z0-9][a-z0-9._/-]*\\.\\*";
  static constexpr std::size_t longest = 253;
};

}  // namespace rule

using Text = Checked<rule::Text>;
using Line = Checked<rule::Line>;
using Url = Checked<rule::Url>;
using HttpsUrl = Checked<rule::HttpsUrl>;
using VersionLock = Checked<rule::VersionLock>;
using Identifier = Checked<rule::Identifier>;
using Base64 = Checked<rule::Base64>;
using Certificates = Checked<rule::Certificates>;
using HostName = Checked<rule::HostName>;
using IpAddress = Checked<rule::IpAddress>;
using IpNetwork = Checked<rule::IpNetwork>;
using Server = Checked<rule::Server>;
using ChronyOption = Checked<rule::ChronyOption>;
using SysctlKey = Checked<rule::SysctlKey>;
using ModuleName = Checked<rule::ModuleName>;
using BootKey = Checked<rule::BootKey>;
using BootValue = Checked<rule::BootValue>;
using Unit = Checked<rule::Unit>;
using Registry = Checked<rule::Registry>;
using Region = Checked<rule::Region>;
using InterfaceName = Checked<rule::InterfaceName>;
using RouteTarget = Checked<rule::RouteTarget>;
using ImageReference = Checked<rule::ImageReference>;
using EnvironmentName = Checked<rule::EnvironmentName>;
using AbsolutePath = Checked<rule::AbsolutePath>;
using ClusterName = Checked<rule::ClusterName>;
using BootstrapToken = Checked<rule::BootstrapToken>;
using LabelKey = Checked<rule::LabelKey>;
using LabelValue = Checked<rule::LabelValue>;
using Taint = Checked<rule::Taint>;
using Quantity = Checked<rule::Quantity>;
using Threshold = Checked<rule::Threshold>;
using Duration = Checked<rule::Duration>;
using CpuSet = Checked<rule::CpuSet>;
using EvictionSignal = Checked<rule::EvictionSignal>;
using ReservedResource = Checked<rule::ReservedResource>;
using NumaNode = Checked<rule::NumaNode>;
using SysctlPattern = Checked<rule::SysctlPattern>;

inline constexpr std::int64_t kInt32 = 2147483647;
using Count = Integer<0, kInt32>;
using Port = Integer<1, 65535>;
using Percent = Integer<0, 100>;

}  // namespace bulkhead::settings
