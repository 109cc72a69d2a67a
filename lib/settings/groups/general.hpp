// Settings of the machine itself: names, time, kernel, updates, trust. Keys and rules are Bottlerocket's.
#pragma once

#include "lib/settings/rules.hpp"

namespace bulkhead::settings {

struct Updates {
  std::optional<HttpsUrl> metadata_base_url;
  std::optional<HttpsUrl> targets_base_url;
  std::optional<Integer<0, 2047>> seed;
  std::optional<VersionLock> version_lock;
  std::optional<bool> ignore_waves;

  static constexpr auto fields() {
    return std::tuple{
        Field{"metadata-base-url",
              &Updates::metadata_base_url,
              {.doc = "The URL of the update repository's metadata.",
               .example = R"("https://updates.example.com/kvm/x86_64/")",
               .affects = "updater"}},
        Field{"targets-base-url",
              &Updates::targets_base_url,
              {.doc = "The URL of the update repository's images.",
               .example = R"("https://updates.example.com/targets/")",
               .affects = "updater"}},
        Field{"seed",
              &Updates::seed,
              {.doc = "The node's place in the order in which a fleet updates. By default chosen at random on the "
                      "first boot.",
               .example = "1024",
               .affects = "updater"}},
        Field{"version-lock",
              &Updates::version_lock,
              {.doc = "The version to update to, or \"latest\".",
               .example = R"("1.4.0")",
               .default_value = R"("latest")",
               .affects = "updater"}},
        Field{"ignore-waves",
              &Updates::ignore_waves,
              {.doc = "Whether to update at once instead of waiting for the node's wave.",
               .example = "true",
               .default_value = "false",
               .affects = "updater"}},
    };
  }
};

struct Ntp {
  std::optional<std::vector<Server>> time_servers;
  std::optional<std::vector<ChronyOption>> options;

  static constexpr auto fields() {
    return std::tuple{
        Field{"time-servers",
              &Ntp::time_servers,
              {.doc = "Time servers, in order of preference.",
               .example = R"(["time.example.com"])",
               .default_value = R"(["0.debian.pool.ntp.org", "1.debian.pool.ntp.org"])",
               .affects = "timesyncd"}},
        Field{"options",
              &Ntp::options,
              {.doc = "Accepted for compatibility with Bottlerocket and without effect: systemd-timesyncd has no "
                      "options of a "
                      "server.",
               .example = R"(["iburst"])",
               .affects = "timesyncd"}},
    };
  }
};

struct Dns {
  std::optional<std::vector<IpAddress>> name_servers;
  std::optional<std::vector<HostName>> search_list;

  static constexpr auto fields() {
    return std::tuple{
        Field{"name-servers",
              &Dns::name_servers,
              {.doc = "Name servers, instead of those from DHCP.",
               .example = R"(["10.0.0.2", "fd00::2"])",
               .affects = "resolved networkd"}},
        Field{"search-list",
              &Dns::search_list,
              {.doc = "Domains in which names without a dot are looked up, instead of those from DHCP.",
               .example = R"(["example.com"])",
               .affects = "resolved networkd"}},
    };
  }
};

enum class Lockdown { none, integrity, confidentiality };
template <>
inline constexpr auto kNames<Lockdown> = std::array{"none", "integrity", "confidentiality"};

enum class Smt { on, automatic, off };
template <>
inline constexpr auto kNames<Smt> = std::array{"on", "auto", "off"};

struct KernelModule {
  std::optional<bool> allowed;
  std::optional<bool> autoload;

  static constexpr auto fields() {
    return std::tuple{
        Field{"allowed",
              &KernelModule::allowed,
              {.doc = "Whether the module may be loaded.", .example = "false", .affects = "kernel-modules"}},
        Field{"autoload",
              &KernelModule::autoload,
              {.doc = "Whether the module is loaded at boot; it must be allowed.",
               .example = "true",
               .affects = "kernel-modules"}},
    };
  }
};

struct Kernel {
  std::optional<Lockdown> lockdown;
  std::optional<Smt> smt;
  std::map<ModuleName, KernelModule> modules;
  std::map<SysctlKey, Line> sysctl;
  std::optional<std::vector<SysctlKey>> relax;

  static constexpr auto fields() {
    return std::tuple{
        Field{"lockdown",
              &Kernel::lockdown,
              {.doc = "The kernel's lockdown mode. A stricter one takes effect at once, and a weaker one at the next "
                      "boot. \"none\" is refused, because the signed image starts with \"integrity\".",
               .example = R"("confidentiality")",
               .default_value = R"("integrity")",
               .affects = "lockdown"}},
        Field{"smt",
              &Kernel::smt,
              {.doc = "Whether both threads of a processor core are used. With \"auto\", only where the processor does "
                      "not leak data from one to the other, as with the kernel's mitigations=auto,nosmt.",
               .example = R"("auto")",
               .default_value = R"("on")",
               .affects = "smt"}},
        Field{"modules", &Kernel::modules, {.doc = "Kernel modules by name."}},
        Field{"sysctl",
              &Kernel::sysctl,
              {.doc = "Kernel parameters, as in sysctl.d(5); values are strings.",
               .example = R"("262144")",
               .name_example = "vm.max_map_count",
               .affects = "sysctl"}},
        Field{"relax",
              &Kernel::relax,
              {.doc = "Kernel parameters that kernel.sysctl may set to a weaker value than the image does. The status "
                      "of the node names them.",
               .example = R"(["kernel.yama.ptrace_scope"])",
               .affects = "sysctl"}},
    };
  }
};

struct Boot {
  std::map<BootKey, std::vector<BootValue>> kernel_parameters;
  std::map<BootKey, std::vector<BootValue>> init_parameters;
  std::optional<bool> reboot_to_reconcile;
  std::optional<bool> reapply_user_data;

  static constexpr auto fields() {
    return std::tuple{
        Field{"kernel-parameters",
              &Boot::kernel_parameters,
              {.doc = "Parameters for the kernel's command line.",
               .example = R"(["tty1", "ttyS1,115200n8"])",
               .name_example = "console",
               .affects = "boot-parameters"}},
        Field{"init-parameters",
              &Boot::init_parameters,
              {.doc = "Parameters for systemd.",
               .example = R"(["warn"])",
               .name_example = "systemd.log_level",
               .affects = "boot-parameters"}},
        Field{"reboot-to-reconcile",
              &Boot::reboot_to_reconcile,
              {.doc = "Whether the node restarts during a boot when its parameters differ from these settings.",
               .example = "true",
               .default_value = "false",
               .affects = "boot-parameters"}},
        Field{"reapply-user-data",
              &Boot::reapply_user_data,
              {.doc = "Whether changed user data is applied again at the next boot.",
               .example = "true",
               .default_value = "false",
               .affects = "apiserver"}},
    };
  }
};

struct Metrics {
  std::optional<HttpsUrl> metrics_url;
  std::optional<bool> send_metrics;
  std::optional<std::vector<Unit>> service_checks;

  static constexpr auto fields() {
    return std::tuple{
        Field{"metrics-url",
              &Metrics::metrics_url,
              {.doc = "The URL to which health pings are sent.",
               .example = R"("https://metrics.example.com/v1")",
               .affects = "metrics"}},
        Field{"send-metrics",
              &Metrics::send_metrics,
              {.doc = "Whether health pings are sent.",
               .example = "true",
               .default_value = "false",
               .affects = "metrics"}},
        Field{"service-checks",
              &Metrics::service_checks,
              {.doc = "Units whose failure makes the node unhealthy in pings.",
               .example = R"(["containerd.service"])",
               .default_value = R"(["apiserver.service", "containerd.service"])",
               .affects = "metrics"}},
    };
  }
};

struct CertificateBundle {
  std::optional<Certificates> data;
  std::optional<bool> trusted;

  static constexpr auto fields() {
    return std::tuple{
        Field{"data",
              &CertificateBundle::data,
              {.doc = "Certificates in PEM, encoded in base64.",
               .example = R"("")",
               .affects = "certificates containerd"}},
        Field{"trusted",
              &CertificateBundle::trusted,
              {.doc = "Whether the node's programs trust these certificates.",
               .example = "true",
               .default_value = "false",
               .affects = "certificates containerd"}},
    };
  }
};

struct Aws {
  std::optional<Region> region;
  std::optional<Base64> config;
  std::optional<Base64> credentials;
  std::optional<Identifier> profile;

  static constexpr auto fields() {
    return std::tuple{
        Field{"region",
              &Aws::region,
              {.doc = "The AWS region. On EC2 the node finds it out by itself.",
               .example = R"("eu-central-1")",
               .affects = "aws"}},
        Field{"config",
              &Aws::config,
              {.doc = "An AWS configuration file, in base64.",
               .example = R"("W2RlZmF1bHRdCg==")",
               .affects = "aws",
               .secret = true}},
        Field{"credentials",
              &Aws::credentials,
              {.doc = "An AWS credentials file, in base64.",
               .example = R"("W2RlZmF1bHRdCg==")",
               .affects = "aws",
               .secret = true}},
        Field{"profile",
              &Aws::profile,
              {.doc = "The profile to use from these files.",
               .example = R"("default")",
               .default_value = R"("default")",
               .affects = "aws"}},
    };
  }
};

}  // namespace bulkhead::settings
