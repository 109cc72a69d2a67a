// Rules of texts: what a host name, a quantity or a sysctl key is. Each names its source. A rule with parse() makes the
// value of a text (values/); its pattern is the part of the rule that JSON Schema can express.
#pragma once

#include <string_view>

#include "lib/settings/sysctl.hpp"
#include "lib/settings/type.hpp"
#include "lib/settings/values/address.hpp"
#include "lib/settings/values/amount.hpp"
#include "lib/settings/values/client.hpp"
#include "lib/settings/values/location.hpp"

namespace bulkhead::settings {

namespace rule {

bool has_no_dot_dot(std::string_view text);
bool is_boot_value(std::string_view text);

struct Text {
  static constexpr std::string_view kName = "a text", kRule = "", kPattern = "";
  static constexpr std::size_t kLongest = 65536;
};
struct Line {
  static constexpr std::string_view kName = "one line of text", kRule = "1 to 1024 characters without line breaks",
                                    kPattern = R"([^\x00-\x1f\x7f]+)";
  static constexpr std::size_t kLongest = 1024;
};
struct SubjectPattern : Line {
  static Result<value::SubjectPattern> parse(std::string_view text) { return value::SubjectPattern::parse(text); }
};
struct SerialNumber {  // RFC 5280, section 4.1.2.2: at most 20 octets
  static constexpr std::string_view kName = "a serial number",
                                    kRule = "hexadecimal digits, with or without colons between them, such as 0A:1B:2C",
                                    kPattern = "(0[xX])?[0-9a-fA-F:]+";
  static constexpr std::size_t kLongest = 64;
  static Result<value::SerialNumber> parse(std::string_view text) { return value::SerialNumber::parse(text); }
};
// A URL, or an authority and path alone, as in image references.
struct Url {
  static constexpr std::string_view
      kName = "a URL",
      kRule = "scheme://host/path, or host/path, without white space",
      kPattern = R"(([a-zA-Z][a-zA-Z0-9+.-]*://)?[^\x00-\x20\x7f/?#]*[^\x00-\x20\x7f/?#:]([/?#][^\x00-\x20\x7f]*)?)";
  static constexpr std::size_t kLongest = 2048;
  static Result<value::Url> parse(std::string_view text) { return value::Url::parse(text); }
};
struct HttpsUrl {
  static constexpr std::string_view kName = "a URL", kRule = "https://host/path or http://host/path",
                                    kPattern =
                                        R"(https?://[^\x00-\x20\x7f/?#]*[^\x00-\x20\x7f/?#:]([/?#][^\x00-\x20\x7f]*)?)";
  static constexpr std::size_t kLongest = 2048;
  static Result<value::Url> parse(std::string_view text) { return value::Url::parse(text); }
};
struct VersionLock {
  static constexpr std::string_view kName = "a version", kRule = "\"latest\" or MAJOR.MINOR.PATCH",
                                    kPattern = R"(latest|v?[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?)";
  static constexpr std::size_t kLongest = 64;
};
struct Identifier {
  static constexpr std::string_view kName = "an identifier", kRule = "1 to 76 letters, digits and '-'",
                                    kPattern = "[A-Za-z0-9-]+";
  static constexpr std::size_t kLongest = 76;
};
struct Base64 {  // stands for the bytes
  static constexpr std::string_view kName = "base64", kRule = "standard base64 with padding (RFC 4648, section 4)",
                                    kPattern = "";
  static constexpr std::size_t kLongest = std::size_t{1} << 20U;
  static Result<std::string> parse(std::string_view text);
};
struct Certificates {  // stands for PEM, with at least one certificate or empty
  static constexpr std::string_view kName = "certificates", kRule = "certificates in PEM, encoded in base64, or empty",
                                    kPattern = "";
  static constexpr std::size_t kLongest = std::size_t{1} << 20U;
  static Result<std::string> parse(std::string_view text);
};
struct HostName {  // RFC 1123, section 2.1
  static constexpr std::string_view
      kName = "a host name",
      kRule = "1 to 253 lower-case letters, digits, '-' and '.', each part 1 to 63 characters",
      kPattern = "[0-9a-z.-]+";
  static constexpr std::size_t kLongest = 253;
  static Result<value::HostName> parse(std::string_view text) { return value::HostName::parse(text); }
};
struct NodeName : HostName {  // the kernel's __NEW_UTS_LEN
  static constexpr std::string_view kRule =
      "1 to 64 lower-case letters, digits, '-' and '.', each part 1 to 63 characters";
  static constexpr std::size_t kLongest = 64;
};
struct IpAddress {
  static constexpr std::string_view kName = "an IP address", kRule = "an IPv4 or IPv6 address",
                                    kPattern = "[0-9a-fA-F.:]+";
  static constexpr std::size_t kLongest = 45;
  static Result<value::Address> parse(std::string_view text) { return value::Address::parse(text); }
};
struct IpNetwork {
  static constexpr std::string_view kName = "an address with a prefix length",
                                    kRule = "such as 10.0.0.9/24 or fd00::9/64", kPattern = "[0-9a-fA-F.:]+/[0-9]{1,3}";
  static constexpr std::size_t kLongest = 49;
  static Result<value::Prefix> parse(std::string_view text) { return value::Prefix::parse(text); }
};
// What the IPAM plugin host-local accepts: https://www.cni.dev/plugins/current/ipam/host-local/
struct Ipv4Subnet {
  static constexpr std::string_view kName = "an IPv4 network",
                                    kRule = "a unicast network from /8 to /30 without host bits, such as 10.88.0.0/16",
                                    kPattern = "[0-9.]+/[0-9]{1,2}";
  static constexpr std::size_t kLongest = 18;
  static Result<value::Prefix> parse(std::string_view text);
};
struct Ipv6Subnet {
  static constexpr std::string_view kName = "an IPv6 network",
                                    kRule =
                                        "a global or unique local network from /32 to /126 without host bits, "
                                        "such as fd00:88::/64",
                                    kPattern = "[0-9a-fA-F:.]+/[0-9]{1,3}";
  static constexpr std::size_t kLongest = 49;
  static Result<value::Prefix> parse(std::string_view text);
};
struct OpenPorts {
  static constexpr std::string_view kName = "a port or a range of ports with its protocol",
                                    kRule = "such as 22/tcp or 30000-32767/udp, with ports from 1 to 65535",
                                    kPattern = "[1-9][0-9]{0,4}(-[1-9][0-9]{0,4})?/(tcp|udp)";
  static constexpr std::size_t kLongest = 15;
  static Result<value::PortRange> parse(std::string_view text) { return value::PortRange::parse(text); }
};
// A host name or an address, or a URL, whose host is used: the forms in which operators name a server.
struct Server {
  static constexpr std::string_view kName = "a server", kRule = "a host name, an IP address, or a URL of one",
                                    kPattern = R"(([a-z]+://)?[0-9A-Za-z.:_\[\]-]+/?)";
  static constexpr std::size_t kLongest = 300;
  static Result<value::Server> parse(std::string_view text) { return value::Server::parse(text); }
};
struct ChronyOption {
  static constexpr std::string_view kName = "an option", kRule = "lower-case letters, digits, '.', '-' and spaces",
                                    kPattern = "[a-z0-9 .-]+";
  static constexpr std::size_t kLongest = 64;
};
struct SysctlKey {  // sysctl.d(5)
  static constexpr std::string_view
      kName = "a sysctl key",
      kRule =
          "1 to 128 letters, digits, '.', '/', '_' and '-', beginning with a letter or a digit, "
          "without empty parts",
      kPattern = "[a-zA-Z0-9][a-zA-Z0-9./_-]*";
  static constexpr std::size_t kLongest = 128;
  static constexpr auto kPasses = is_canonical_sysctl;
};
struct ModuleName {
  static constexpr std::string_view kName = "a module name", kRule = "1 to 56 letters, digits, '_' and '-'",
                                    kPattern = "[A-Za-z0-9_-]+";
  static constexpr std::size_t kLongest = 56;
};
struct BootKey {  // kernel document admin-guide/bootconfig
  static constexpr std::string_view kName = "a parameter name",
                                    kRule = "letters, digits, '_' and '-', in parts with dots between",
                                    kPattern = R"([A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*)";
  static constexpr std::size_t kLongest = 255;
};
struct BootValue {
  static constexpr std::string_view kName = "a parameter value",
                                    kRule = "printable ASCII, not with both kinds of quotes",
                                    kPattern = "[\\x20-\\x7e]*";
  static constexpr std::size_t kLongest = 1024;
  static constexpr auto kPasses = is_boot_value;
};
struct Unit {  // systemd.unit(5)
  static constexpr std::string_view kName = "a unit", kRule = "the name of a systemd unit with its suffix",
                                    kPattern = R"([A-Za-z0-9:_.\\@-]+\.(service|socket|target|mount|path|timer|slice))";
  static constexpr std::size_t kLongest = 255;
};
struct Registry {
  static constexpr std::string_view kName = "a registry", kRule = "host[:port], or \"*\" for every registry",
                                    kPattern = R"(\*|[A-Za-z0-9][A-Za-z0-9.-]*(:[1-9][0-9]{0,4})?)";
  static constexpr std::size_t kLongest = 260;
  static Result<value::Registry> parse(std::string_view text) { return value::Registry::parse(text); }
};
// An authority and path alone stand for https.
struct MirrorUrl {
  static constexpr std::string_view
      kName = "a URL",
      kRule = "https://host/path, http://host/path or host/path",
      kPattern = R"((https?://)?[^\x00-\x20\x7f/?#]*[^\x00-\x20\x7f/?#:]([/?#][^\x00-\x20\x7f]*)?)";
  static constexpr std::size_t kLongest = 2048;
  static Result<value::Url> parse(std::string_view text) { return value::Url::parse(text); }
};
struct Region {
  static constexpr std::string_view kName = "a region", kRule = "lower-case letters, digits and '-'",
                                    kPattern = "[a-z0-9-]+";
  static constexpr std::size_t kLongest = 64;
};
struct InterfaceName {  // the kernel's IFNAMSIZ
  static constexpr std::string_view kName = "an interface",
                                    kRule = "1 to 15 letters, digits, '.', '_' and '-', or a MAC address",
                                    kPattern = "[A-Za-z0-9._-]{1,15}|([0-9a-f]{2}:){5}[0-9a-f]{2}";
  static constexpr std::size_t kLongest = 17;
  static Result<value::Link> parse(std::string_view text) { return value::Link::parse(text); }
};
struct RouteTarget {
  static constexpr std::string_view kName = "a destination", kRule = "\"default\", or an address with a prefix length",
                                    kPattern = "default|[0-9a-fA-F.:]+/[0-9]{1,3}";
  static constexpr std::size_t kLongest = 49;
  static Result<value::Destination> parse(std::string_view text) { return value::Destination::parse(text); }
};
struct ImageReference {  // OCI distribution specification, "Pulling manifests"
  static constexpr std::string_view
      kName = "an image",
      kRule = "registry/repository[:tag][@sha256:digest]",
      kPattern = R"([A-Za-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)+(:[A-Za-z0-9_.-]+)?(@sha256:[0-9a-f]{64})?)";
  static constexpr std::size_t kLongest = 512;
};
struct CapabilityName {  // capabilities(7)
  static constexpr std::string_view
      kName = "a capability",
      kRule = "lower-case letters and '-', such as net-admin",
      kPattern =
          "audit-control|audit-read|audit-write|block-suspend|bpf|checkpoint-restore|chown|dac-override|dac-read-"
          "search|fowner|fsetid|ipc-lock|ipc-owner|kill|lease|linux-immutable|mac-admin|mac-override|mknod|net-admin|"
          "net-bind-service|net-broadcast|net-raw|perfmon|setgid|setfcap|setpcap|setuid|sys-admin|sys-boot|sys-chroot|"
          "sys-module|sys-nice|sys-pacct|sys-ptrace|sys-rawio|sys-resource|sys-time|sys-tty-config|syslog|wake-alarm";
  static constexpr std::size_t kLongest = 32;
};
struct ResourceName {  // getrlimit(2)
  static constexpr std::string_view
      kName = "a resource limit",
      kRule = "such as max-open-files",
      kPattern =
          "max-(address-space|core-file-size|cpu-time|data-size|file-locks|file-size|locked-memory|msgqueue-size|nice-"
          "priority|open-files|pending-signals|processes|realtime-priority|realtime-timeout|resident-set|stack-size)";
  static constexpr std::size_t kLongest = 32;
};
struct EnvironmentName {
  static constexpr std::string_view kName = "a variable", kRule = "letters, digits and '_', not beginning with a digit",
                                    kPattern = "[A-Za-z_][A-Za-z0-9_]*";
  static constexpr std::size_t kLongest = 128;
};
struct AbsolutePath {
  static constexpr std::string_view kName = "an absolute path", kRule = "a path that begins with '/', without \"..\"",
                                    kPattern = R"(/[^\x00-\x1f\x7f]*)";
  static constexpr std::size_t kLongest = 4095;
  static constexpr auto kPasses = has_no_dot_dot;
};

// Kubernetes: API conventions and the documentation of the kubelet's configuration.
struct ClusterName {
  static constexpr std::string_view kName = "a cluster name", kRule = "1 to 100 letters, digits, '_' and '-'",
                                    kPattern = "[0-9A-Za-z][0-9A-Za-z_-]*";
  static constexpr std::size_t kLongest = 100;
};
struct BootstrapToken {
  static constexpr std::string_view kName = "a bootstrap token",
                                    kRule = "6 and 16 lower-case letters and digits, with a dot between them",
                                    kPattern = R"([a-z0-9]{6}\.[a-z0-9]{16})";
  static constexpr std::size_t kLongest = 23;
};
struct LabelKey {
  static constexpr std::string_view
      kName = "a label key",
      kRule = "[prefix/]name, the prefix a DNS name, the name at most 63 characters",
      kPattern = R"(([a-z0-9]([a-z0-9.-]*[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)";
  static constexpr std::size_t kLongest = 317;
};
struct LabelValue {
  static constexpr std::string_view kName = "a label value",
                                    kRule = "empty, or at most 63 letters, digits, '_', '.' and '-'",
                                    kPattern = R"(([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?)";
  static constexpr std::size_t kLongest = 63;
};
struct Taint {
  static constexpr std::string_view
      kName = "a taint",
      kRule = "value:effect, the effect NoSchedule, PreferNoSchedule or NoExecute",
      kPattern = R"(([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?:(NoSchedule|PreferNoSchedule|NoExecute))";
  static constexpr std::size_t kLongest = 80;
};
struct Quantity {
  static constexpr std::string_view kName = "a quantity", kRule = "a number with a unit, such as 500m, 1.5Gi or 1e9",
                                    kPattern = "[0-9]+(\\.[0-9]+)?([eE][+-]?[0-9]+|[EPTGMK]i|[EPTGMknum])?";
  static constexpr std::size_t kLongest = 32;
  static Result<value::Quantity> parse(std::string_view text) { return value::Quantity::parse(text); }
};
struct Threshold {
  static constexpr std::string_view kName = "a threshold", kRule = "a quantity, or a percentage below 100 such as 10%",
                                    kPattern = "[0-9]+(\\.[0-9]+)?([EPTGMK]i|[EPTGMknum])?|[0-9]{1,2}(\\.[0-9]+)?%";
  static constexpr std::size_t kLongest = 32;
  static Result<value::Threshold> parse(std::string_view text) { return value::Threshold::parse(text); }
};
struct Duration {
  static constexpr std::string_view
      kName = "a duration",
      kRule = "hours, minutes, seconds and milliseconds, such as 1h30m or 2.5s",
      kPattern = R"((?=.)([0-9]+(\.[0-9]+)?h)?([0-9]+(\.[0-9]+)?m)?([0-9]+(\.[0-9]+)?s)?([0-9]+(\.[0-9]+)?ms)?)";
  static constexpr std::size_t kLongest = 64;
  static Result<value::Duration> parse(std::string_view text) { return value::Duration::parse(text); }
};
struct CpuSet {
  static constexpr std::string_view kName = "a set of CPUs", kRule = "numbers and ranges, such as 0,2-3",
                                    kPattern = "[0-9]{1,4}(-[0-9]{1,4})?(,[0-9]{1,4}(-[0-9]{1,4})?)*";
  static constexpr std::size_t kLongest = 1024;
  static Result<value::CpuSet> parse(std::string_view text) { return value::CpuSet::parse(text); }
};
struct EvictionSignal {
  static constexpr std::string_view kName = "an eviction signal",
                                    kRule =
                                        "memory.available, nodefs.available, nodefs.inodesFree, imagefs.available, "
                                        "imagefs.inodesFree or pid.available",
                                    kPattern = R"((memory|nodefs|imagefs|pid)\.available|(nodefs|imagefs)\.inodesFree)";
  static constexpr std::size_t kLongest = 32;
};
struct ReservedResource {
  static constexpr std::string_view kName = "a resource", kRule = "cpu, memory, ephemeral-storage or pid",
                                    kPattern = "cpu|memory|ephemeral-storage|pid";
  static constexpr std::size_t kLongest = 32;
};
struct NumaNode {
  static constexpr std::string_view kName = "a NUMA node", kRule = "its number", kPattern = "[0-9]{1,3}";
  static constexpr std::size_t kLongest = 3;
};
struct SysctlPattern {
  static constexpr std::string_view kName = "a sysctl", kRule = "a sysctl key, or the beginning of one followed by '*'",
                                    kPattern = "[a-z0-9]([a-z0-9._/-]*[a-z0-9])?\\*?|[a-z0-9][a-z0-9._/-]*\\.\\*";
  static constexpr std::size_t kLongest = 253;
};

}  // namespace rule

using Text = Checked<rule::Text>;
using Line = Checked<rule::Line>;
using SubjectPattern = Parsed<rule::SubjectPattern>;
using SerialNumber = Parsed<rule::SerialNumber>;
using Url = Parsed<rule::Url>;
using HttpsUrl = Parsed<rule::HttpsUrl>;
using VersionLock = Checked<rule::VersionLock>;
using Identifier = Checked<rule::Identifier>;
using Base64 = Parsed<rule::Base64>;
using Certificates = Parsed<rule::Certificates>;
using HostName = Parsed<rule::HostName>;
using NodeName = Parsed<rule::NodeName>;
using IpAddress = Parsed<rule::IpAddress>;
using IpNetwork = Parsed<rule::IpNetwork>;
using Ipv4Subnet = Parsed<rule::Ipv4Subnet>;
using Ipv6Subnet = Parsed<rule::Ipv6Subnet>;
using OpenPorts = Parsed<rule::OpenPorts>;
using Server = Parsed<rule::Server>;
using ChronyOption = Checked<rule::ChronyOption>;
using SysctlKey = Checked<rule::SysctlKey>;
using ModuleName = Checked<rule::ModuleName>;
using BootKey = Checked<rule::BootKey>;
using BootValue = Checked<rule::BootValue>;
using Unit = Checked<rule::Unit>;
using Registry = Parsed<rule::Registry>;
using MirrorUrl = Parsed<rule::MirrorUrl>;
using Region = Checked<rule::Region>;
using InterfaceName = Parsed<rule::InterfaceName>;
using RouteTarget = Parsed<rule::RouteTarget>;
using ImageReference = Checked<rule::ImageReference>;
using EnvironmentName = Checked<rule::EnvironmentName>;
using AbsolutePath = Checked<rule::AbsolutePath>;
using ClusterName = Checked<rule::ClusterName>;
using BootstrapToken = Checked<rule::BootstrapToken>;
using LabelKey = Checked<rule::LabelKey>;
using LabelValue = Checked<rule::LabelValue>;
using Taint = Checked<rule::Taint>;
using Quantity = Parsed<rule::Quantity>;
using Threshold = Parsed<rule::Threshold>;
using Duration = Parsed<rule::Duration>;
using CpuSet = Parsed<rule::CpuSet>;
using EvictionSignal = Checked<rule::EvictionSignal>;
using ReservedResource = Checked<rule::ReservedResource>;
using NumaNode = Checked<rule::NumaNode>;
using SysctlPattern = Checked<rule::SysctlPattern>;

inline constexpr std::int64_t kInt32 = 2147483647;
using Count = Integer<0, kInt32>;
using Port = Integer<1, 65535>;
using Percent = Integer<0, 100>;

}  // namespace bulkhead::settings
