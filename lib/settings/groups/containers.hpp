// Settings of containers: those of the host itself, their runtimes, registries and defaults. Keys and rules are
// Bottlerocket's, except `sandbox` and `workloads`, which are ours.
#pragma once

#include "lib/settings/rules.hpp"

namespace bulkhead::settings {

struct HostContainer {
  std::optional<ImageReference> source;
  std::optional<bool> enabled;
  std::optional<bool> superpowered;
  std::optional<Base64> user_data;
  std::optional<std::vector<Text>> command;

  static constexpr auto fields() {
    return std::tuple{
        Field{"source",
              &HostContainer::source,
              {.doc = "The image.", .example = R"("registry.example.com/admin:v1")", .affects = "host-containers"}},
        Field{"enabled",
              &HostContainer::enabled,
              {.doc = "Whether the container runs.",
               .example = "true",
               .default_value = "false",
               .affects = "host-containers"}},
        Field{"superpowered",
              &HostContainer::superpowered,
              {.doc = "Whether the container has all rights of the host's root.",
               .example = "true",
               .default_value = "false",
               .affects = "host-containers"}},
        Field{"user-data",
              &HostContainer::user_data,
              {.doc = "Data for the container, in base64.",
               .example = R"("e30=")",
               .affects = "host-containers",
               .secret = true}},
        Field{"command",
              &HostContainer::command,
              {.doc = "A command to run instead of the image's.",
               .example = R"(["/bin/agent"])",
               .affects = "host-containers"}},
    };
  }
};

enum class BootstrapMode { off, once, always };
template <>
inline constexpr auto kNames<BootstrapMode> = std::array{"off", "once", "always"};

struct BootstrapContainer {
  std::optional<ImageReference> source;
  std::optional<BootstrapMode> mode;
  std::optional<Base64> user_data;
  std::optional<bool> essential;
  std::optional<std::vector<Text>> command;

  static constexpr auto fields() {
    return std::tuple{
        Field{
            "source",
            &BootstrapContainer::source,
            {.doc = "The image.", .example = R"("registry.example.com/setup:v1")", .affects = "bootstrap-containers"}},
        Field{"mode",
              &BootstrapContainer::mode,
              {.doc = "When the container runs: never, at the next boot only, or at every boot.",
               .example = R"("once")",
               .default_value = R"("off")",
               .affects = "bootstrap-containers"}},
        Field{"user-data",
              &BootstrapContainer::user_data,
              {.doc = "Data for the container, in base64.",
               .example = R"("e30=")",
               .affects = "bootstrap-containers",
               .secret = true}},
        Field{"essential",
              &BootstrapContainer::essential,
              {.doc = "Whether the boot fails when the container does.",
               .example = "true",
               .default_value = "false",
               .affects = "bootstrap-containers"}},
        Field{"command",
              &BootstrapContainer::command,
              {.doc = "A command to run instead of the image's.",
               .example = R"(["/bin/setup"])",
               .affects = "bootstrap-containers"}},
    };
  }
};

struct BootstrapCommand {
  std::optional<std::vector<std::vector<Line>>> commands;
  std::optional<BootstrapMode> mode;
  std::optional<bool> essential;

  static constexpr auto fields() {
    return std::tuple{
        Field{"commands",
              &BootstrapCommand::commands,
              {.doc = "Commands for apiclient, run in order.",
               .example = R"([["apiclient", "set", "motd=hello"]])",
               .affects = "bootstrap-commands"}},
        Field{"mode",
              &BootstrapCommand::mode,
              {.doc = "When the commands run: never, at the next boot only, or at every boot.",
               .example = R"("always")",
               .default_value = R"("off")",
               .affects = "bootstrap-commands"}},
        Field{"essential",
              &BootstrapCommand::essential,
              {.doc = "Whether the boot fails when a command does.",
               .example = "true",
               .default_value = "false",
               .affects = "bootstrap-commands"}},
    };
  }
};

struct Mirror {
  std::optional<Registry> registry;
  std::optional<std::vector<MirrorUrl>> endpoint;

  static constexpr auto fields() {
    return std::tuple{
        Field{"registry",
              &Mirror::registry,
              {.doc = "The registry to mirror.", .example = R"("docker.io")", .affects = "containerd"}},
        Field{"endpoint",
              &Mirror::endpoint,
              {.doc = "Mirrors, in the order in which they are tried.",
               .example = R"(["https://mirror.example.com"])",
               .affects = "containerd"}},
    };
  }
};

struct Credential {
  std::optional<Registry> registry;
  std::optional<Line> username;
  std::optional<Line> password;
  std::optional<Base64> auth;
  std::optional<Text> identitytoken;

  static constexpr auto fields() {
    return std::tuple{
        Field{"registry",
              &Credential::registry,
              {.doc = "The registry that the credential is for.",
               .example = R"("registry.example.com")",
               .affects = "containerd"}},
        Field{"username", &Credential::username, {.doc = "The user.", .example = R"("node")", .affects = "containerd"}},
        Field{"password",
              &Credential::password,
              {.doc = "The password.", .example = R"("secret")", .affects = "containerd", .secret = true}},
        Field{"auth",
              &Credential::auth,
              {.doc = "User and password as one text, in base64.",
               .example = R"("bm9kZTpzZWNyZXQ=")",
               .affects = "containerd",
               .secret = true}},
        Field{"identitytoken",
              &Credential::identitytoken,
              {.doc = "An identity token, instead of a password.",
               .example = R"("token")",
               .affects = "containerd",
               .secret = true}},
    };
  }
};

struct ContainerRegistry {
  std::optional<std::variant<std::vector<Mirror>, std::map<Registry, std::vector<MirrorUrl>>>> mirrors;
  std::optional<std::vector<Credential>> credentials;

  static constexpr auto fields() {
    return std::tuple{
        Field{"mirrors",
              &ContainerRegistry::mirrors,
              {.doc = "Mirrors of registries: a list of tables, or one table from registries to endpoints.",
               .example = R"([{"registry": "docker.io", "endpoint": ["https://mirror.example.com"]}])",
               .affects = "containerd host-containers"}},
        Field{"credentials",
              &ContainerRegistry::credentials,
              {.doc = "Credentials for registries.",
               .example = R"([{"registry": "registry.example.com", "username": "node", "password": "secret"}])",
               .affects = "containerd host-containers",
               .secret = true}},
    };
  }
};

enum class Snapshotter { overlayfs };
template <>
inline constexpr auto kNames<Snapshotter> = std::array{"overlayfs"};

struct ContainerRuntime {
  std::optional<Integer<-1, kInt32>> max_container_log_line_size;
  std::optional<Integer<0, kInt32>> max_concurrent_downloads;
  std::optional<bool> enable_unprivileged_ports;
  std::optional<bool> enable_unprivileged_icmp;
  std::optional<Snapshotter> snapshotter;

  static constexpr auto fields() {
    return std::tuple{
        Field{"max-container-log-line-size",
              &ContainerRuntime::max_container_log_line_size,
              {.doc = "The longest line of a container's log, in bytes; -1 for no limit.",
               .example = "32768",
               .default_value = "16384",
               .affects = "containerd"}},
        Field{"max-concurrent-downloads",
              &ContainerRuntime::max_concurrent_downloads,
              {.doc = "How many layers of an image are downloaded at the same time.",
               .example = "10",
               .default_value = "3",
               .affects = "containerd"}},
        Field{"enable-unprivileged-ports",
              &ContainerRuntime::enable_unprivileged_ports,
              {.doc = "Whether containers may use ports below 1024 without a capability.",
               .example = "true",
               .default_value = "false",
               .affects = "containerd"}},
        Field{"enable-unprivileged-icmp",
              &ContainerRuntime::enable_unprivileged_icmp,
              {.doc = "Whether containers may ping without a capability.",
               .example = "true",
               .default_value = "false",
               .affects = "containerd"}},
        Field{"snapshotter",
              &ContainerRuntime::snapshotter,
              {.doc = "The snapshotter, which makes a file system of an image's layers.",
               .example = R"("overlayfs")",
               .default_value = R"("overlayfs")",
               .affects = "containerd"}},
    };
  }
};

enum class Unlimited { unlimited };
template <>
inline constexpr auto kNames<Unlimited> = std::array{"unlimited"};
using Limit = std::variant<Integer<-1, INT64_MAX>, Unlimited>;

struct ResourceLimit {
  std::optional<Limit> soft_limit;
  std::optional<Limit> hard_limit;

  static constexpr auto fields() {
    return std::tuple{
        Field{"soft-limit",
              &ResourceLimit::soft_limit,
              {.doc = "The limit in effect; -1 for none.", .example = "65536", .affects = "containerd"}},
        Field{"hard-limit",
              &ResourceLimit::hard_limit,
              {.doc = "The limit up to which a container may raise its soft limit; -1 for none.",
               .example = R"("unlimited")",
               .affects = "containerd"}},
    };
  }
};

struct OciDefaults {
  std::map<Checked<rule::CapabilityName>, bool> capabilities;
  std::map<Checked<rule::ResourceName>, ResourceLimit> resource_limits;

  static constexpr auto fields() {
    return std::tuple{
        Field{"capabilities",
              &OciDefaults::capabilities,
              {.doc = "The capabilities of containers that ask for none.",
               .example = "true",
               .name_example = "net-admin",
               .affects = "containerd"}},
        Field{"resource-limits", &OciDefaults::resource_limits, {.doc = "Limits that containers start with."}},
    };
  }
};

enum class Runtime { crun, gvisor, gvisor_kvm, microvm, microvm_strict };
template <>
inline constexpr auto kNames<Runtime> = std::array{"crun", "gvisor", "gvisor-kvm", "microvm", "microvm-strict"};

struct Sandbox {
  std::optional<Runtime> default_runtime;
  std::optional<std::vector<Runtime>> allowed_runtimes;

  static constexpr auto fields() {
    return std::tuple{
        Field{"default-runtime",
              &Sandbox::default_runtime,
              {.doc = "The runtime of containers that name none; it must be one of allowed-runtimes.",
               .example = R"("gvisor")",
               .default_value = R"("crun")",
               .affects = "containerd"}},
        Field{"allowed-runtimes",
              &Sandbox::allowed_runtimes,
              {.doc = "The runtimes that containers may name.",
               .example = R"(["gvisor", "microvm"])",
               .default_value = R"(["crun"])",
               .affects = "containerd"}},
    };
  }
};

enum class RestartPolicy { always, on_failure, never };
template <>
inline constexpr auto kNames<RestartPolicy> = std::array{"always", "on-failure", "never"};

struct Workload {
  std::optional<ImageReference> source;
  std::optional<bool> enabled;
  std::optional<Runtime> runtime;
  std::optional<std::vector<Text>> command;
  std::map<EnvironmentName, Text> environment;
  std::optional<RestartPolicy> restart;
  std::optional<Quantity> memory;
  std::optional<Quantity> cpu;

  static constexpr auto fields() {
    return std::tuple{
        Field{"source",
              &Workload::source,
              {.doc = "The image.", .example = R"("registry.example.com/web:v1")", .affects = "workloads"}},
        Field{"enabled",
              &Workload::enabled,
              {.doc = "Whether the container runs.",
               .example = "false",
               .default_value = "true",
               .affects = "workloads"}},
        Field{"runtime",
              &Workload::runtime,
              {.doc = "The runtime. Default: settings.sandbox.default-runtime.",
               .example = R"("microvm")",
               .affects = "workloads"}},
        Field{"command",
              &Workload::command,
              {.doc = "A command to run instead of the image's.",
               .example = R"(["/bin/web", "--port=80"])",
               .affects = "workloads"}},
        Field{"environment",
              &Workload::environment,
              {.doc = "Environment variables.",
               .example = R"("production")",
               .name_example = "MODE",
               .affects = "workloads",
               .secret = true}},
        Field{"restart",
              &Workload::restart,
              {.doc = "When the container is restarted.",
               .example = R"("on-failure")",
               .default_value = R"("always")",
               .affects = "workloads"}},
        Field{
            "memory", &Workload::memory, {.doc = "The memory limit.", .example = R"("512Mi")", .affects = "workloads"}},
        Field{"cpu",
              &Workload::cpu,
              {.doc = "The limit of CPU time, in CPUs.", .example = R"("500m")", .affects = "workloads"}},
    };
  }
};

}  // namespace bulkhead::settings
