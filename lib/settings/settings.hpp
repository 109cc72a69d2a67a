// All settings of a node, typed: the result of checking a document.
//
// This is the one declaration of every setting. A key is a member of a group in groups/, with its type, which carries
// the rule, and its About: description, example, default, the services to notify. Checking, defaults, JSON Schema,
// OpenAPI, `apiclient explain`, docs/settings.md and completion all come from here.
#pragma once

#include <optional>

#include "lib/settings/groups/containers.hpp"
#include "lib/settings/groups/general.hpp"
#include "lib/settings/groups/kubernetes.hpp"
#include "lib/settings/groups/network.hpp"
#include "lib/settings/groups/node.hpp"
#include "lib/settings/model.hpp"

namespace bulkhead::settings {

struct Settings {
  std::optional<Text> motd;
  Updates updates;
  Network network;
  Dns dns;
  Ntp ntp;
  Kernel kernel;
  Boot boot;
  Metrics metrics;
  std::map<Identifier, CertificateBundle> pki;
  std::map<Identifier, HostContainer> host_containers;
  std::map<Identifier, BootstrapContainer> bootstrap_containers;
  std::map<Identifier, BootstrapCommand> bootstrap_commands;
  ContainerRegistry container_registry;
  ContainerRuntime container_runtime;
  OciDefaults oci_defaults;
  Sandbox sandbox;
  std::map<Identifier, Workload> workloads;
  Api api;
  Health health;
  Aws aws;
  Kubernetes kubernetes;

  static constexpr auto fields() {
    return std::tuple{
        Field{
            "motd", &Settings::motd, {.doc = "The message of the day.", .example = R"("Welcome")", .affects = "motd"}},
        Field{"updates", &Settings::updates, {.doc = "Updates of the operating system.", .changed_by = Role::admin}},
        Field{"network",
              &Settings::network,
              {.doc = "Names, proxies, interfaces, the packet filter and the network of containers.",
               .changed_by = Role::admin}},
        Field{"dns", &Settings::dns, {.doc = "Name resolution.", .changed_by = Role::admin}},
        Field{"ntp", &Settings::ntp, {.doc = "Time.", .changed_by = Role::admin}},
        Field{"kernel", &Settings::kernel, {.doc = "The running kernel.", .changed_by = Role::admin}},
        Field{"boot", &Settings::boot, {.doc = "The next boot.", .changed_by = Role::admin}},
        Field{"metrics", &Settings::metrics, {.doc = "Health pings."}},
        Field{"pki", &Settings::pki, {.doc = "Certificates by name.", .changed_by = Role::admin}},
        Field{"host-containers",
              &Settings::host_containers,
              {.doc = "Containers that manage the host.", .changed_by = Role::admin}},
        Field{"bootstrap-containers",
              &Settings::bootstrap_containers,
              {.doc = "Containers that run while the node boots.", .changed_by = Role::admin}},
        Field{"bootstrap-commands",
              &Settings::bootstrap_commands,
              {.doc = "Commands for apiclient while the node boots, in the order of their names.",
               .changed_by = Role::admin}},
        Field{"container-registry",
              &Settings::container_registry,
              {.doc = "Registries of images: mirrors and credentials.", .changed_by = Role::admin}},
        Field{"container-runtime", &Settings::container_runtime, {.doc = "containerd.", .changed_by = Role::admin}},
        Field{"oci-defaults", &Settings::oci_defaults, {.doc = "Defaults of containers.", .changed_by = Role::admin}},
        Field{
            "sandbox", &Settings::sandbox, {.doc = "The runtimes that isolate containers.", .changed_by = Role::admin}},
        Field{"workloads", &Settings::workloads, {.doc = "Containers that the node runs by itself."}},
        Field{"api", &Settings::api, {.doc = "The remote API.", .changed_by = Role::admin}},
        Field{"health", &Settings::health, {.doc = "When a version counts as good.", .changed_by = Role::admin}},
        Field{"aws", &Settings::aws, {.doc = "AWS.", .changed_by = Role::admin}},
        Field{"kubernetes", &Settings::kubernetes, {.doc = "The kubelet.", .changed_by = Role::admin}},
    };
  }

  static const Shape& shape();
  // What the declarations have as defaults, and nothing else: the one place that code takes them from.
  static const Settings& defaults();
  // Checks a document and reads it. Errors: those of check().
  static Result<Settings> from_json(const Json& document);
  // Reads a document that check() has accepted; any other is a mistake of the caller and throws.
  static Settings of_checked(const Json& document);
  Json to_json() const;
};

// A setting, or what its declaration has as the default, of which there must be one: `declared` is the same member of
// Settings::defaults(). Settings that were never merged with the defaults count as if they had been.
template <class T>
const T& set_or_default(const std::optional<T>& given, const std::optional<T>& declared) {
  // NOLINTNEXTLINE(bugprone-unchecked-optional-access): throws where the declaration has no default, a bug of ours
  return given ? *given : declared.value();
}

}  // namespace bulkhead::settings
