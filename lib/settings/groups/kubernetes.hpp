// Settings of the kubelet. The model is complete; no image has a kubelet yet. Keys and rules are Bottlerocket's,
// meanings those of KubeletConfiguration (kubelet.config.k8s.io/v1beta1).
#pragma once

#include "lib/settings/rules.hpp"

namespace bulkhead::settings {

enum class AuthenticationMode { aws, tls };
template <>
inline constexpr auto kNames<AuthenticationMode> = std::array{"aws", "tls"};
enum class HostnameSource { private_dns_name, instance_id };
template <>
inline constexpr auto kNames<HostnameSource> = std::array{"private-dns-name", "instance-id"};
enum class CloudProvider { none, aws, external };
template <>
inline constexpr auto kNames<CloudProvider> = std::array{"", "aws", "external"};
enum class CpuManagerPolicy { none, static_policy };
template <>
inline constexpr auto kNames<CpuManagerPolicy> = std::array{"none", "static"};
enum class CpuManagerOption { full_pcpus_only };
template <>
inline constexpr auto kNames<CpuManagerOption> = std::array{"full-pcpus-only"};
enum class TopologyScope { container, pod };
template <>
inline constexpr auto kNames<TopologyScope> = std::array{"container", "pod"};
enum class TopologyPolicy { none, restricted, best_effort, single_numa_node };
template <>
inline constexpr auto kNames<TopologyPolicy> = std::array{"none", "restricted", "best-effort", "single-numa-node"};
enum class MemoryManagerPolicy { none, static_policy };
template <>
inline constexpr auto kNames<MemoryManagerPolicy> = std::array{"None", "Static"};

using AddressOrList = std::variant<IpAddress, std::vector<IpAddress>>;
using TaintOrList = std::variant<Taint, std::vector<Taint>>;

struct StaticPod {
  std::optional<bool> enabled;
  std::optional<Base64> manifest;

  static constexpr auto fields() {
    return std::tuple{
        Field{
            "enabled", &StaticPod::enabled, {.doc = "Whether the pod runs.", .example = "true", .affects = "kubelet"}},
        Field{"manifest",
              &StaticPod::manifest,
              {.doc = "The pod's manifest, in base64.", .example = R"("YXBpVmVyc2lvbjogdjEK")", .affects = "kubelet"}},
    };
  }
};

struct NumaMemory {
  std::optional<bool> enabled;
  std::optional<Quantity> memory;
  std::optional<Quantity> hugepages_2mi;
  std::optional<Quantity> hugepages_1gi;

  static constexpr auto fields() {
    return std::tuple{
        Field{"enabled",
              &NumaMemory::enabled,
              {.doc = "Whether this entry is used.", .example = "true", .affects = "kubelet"}},
        Field{"memory", &NumaMemory::memory, {.doc = "Ordinary memory.", .example = R"("1Gi")", .affects = "kubelet"}},
        Field{"hugepages-2Mi",
              &NumaMemory::hugepages_2mi,
              {.doc = "Pages of 2 MiB.", .example = R"("64Mi")", .affects = "kubelet"}},
        Field{"hugepages-1Gi",
              &NumaMemory::hugepages_1gi,
              {.doc = "Pages of 1 GiB.", .example = R"("1Gi")", .affects = "kubelet"}},
    };
  }
};

struct CredentialProvider {
  std::optional<bool> enabled;
  std::optional<std::vector<Line>> image_patterns;
  std::optional<Duration> cache_duration;
  std::map<EnvironmentName, Text> environment;

  static constexpr auto fields() {
    return std::tuple{
        Field{"enabled",
              &CredentialProvider::enabled,
              {.doc = "Whether this provider is used.", .example = "true", .affects = "kubelet"}},
        Field{"image-patterns",
              &CredentialProvider::image_patterns,
              {.doc = "The images for which it gives credentials.",
               .example = R"(["*.dkr.ecr.*.amazonaws.com"])",
               .affects = "kubelet"}},
        Field{"cache-duration",
              &CredentialProvider::cache_duration,
              {.doc = "How long its credentials are cached.", .example = R"("12h")", .affects = "kubelet"}},
        Field{"environment",
              &CredentialProvider::environment,
              {.doc = "Its environment variables.",
               .example = R"("value")",
               .name_example = "MODE",
               .affects = "kubelet",
               .secret = true}},
    };
  }
};

struct Kubernetes {
  std::optional<HttpsUrl> api_server;
  std::optional<Certificates> cluster_certificate;
  std::optional<ClusterName> cluster_name;
  std::optional<BootstrapToken> bootstrap_token;
  std::optional<AuthenticationMode> authentication_mode;
  std::optional<bool> standalone_mode;
  std::optional<HostName> cluster_domain;
  std::optional<AddressOrList> cluster_dns_ip;
  std::optional<IpAddress> node_ip;
  std::optional<Integer<1, 65535>> max_pods;
  std::optional<HostName> hostname_override;
  std::optional<HostnameSource> hostname_override_source;
  std::optional<Line> provider_id;
  std::optional<CloudProvider> cloud_provider;
  std::map<LabelKey, LabelValue> node_labels;
  std::map<LabelKey, TaintOrList> node_taints;
  std::map<Identifier, StaticPod> static_pods;
  std::optional<bool> static_pods_enabled;
  std::map<ReservedResource, Quantity> system_reserved;
  std::map<ReservedResource, Quantity> kube_reserved;
  std::optional<CpuSet> reserved_cpus;
  std::map<EvictionSignal, Threshold> eviction_hard;
  std::map<EvictionSignal, Threshold> eviction_soft;
  std::map<EvictionSignal, Duration> eviction_soft_grace_period;
  std::optional<Count> eviction_max_pod_grace_period;
  std::optional<std::vector<SysctlPattern>> allowed_unsafe_sysctls;
  std::optional<bool> server_tls_bootstrap;
  std::optional<Certificates> server_certificate;
  std::optional<Base64> server_key;
  std::optional<Count> registry_qps;
  std::optional<Count> registry_burst;
  std::optional<Count> event_qps;
  std::optional<Count> event_burst;
  std::optional<Count> kube_api_qps;
  std::optional<Count> kube_api_burst;
  std::optional<Quantity> container_log_max_size;
  std::optional<Integer<2, kInt32>> container_log_max_files;
  std::optional<Integer<1, kInt32>> container_log_max_workers;
  std::optional<Duration> container_log_monitor_interval;
  std::optional<bool> cpu_cfs_quota_enforced;
  std::optional<CpuManagerPolicy> cpu_manager_policy;
  std::optional<Duration> cpu_manager_reconcile_period;
  std::optional<std::vector<CpuManagerOption>> cpu_manager_policy_options;
  std::optional<TopologyScope> topology_manager_scope;
  std::optional<TopologyPolicy> topology_manager_policy;
  std::optional<MemoryManagerPolicy> memory_manager_policy;
  std::map<NumaNode, NumaMemory> memory_manager_reserved_memory;
  std::optional<Integer<-1, INT64_MAX>> pod_pids_limit;
  std::optional<Percent> image_gc_high_threshold_percent;
  std::optional<Percent> image_gc_low_threshold_percent;
  std::optional<Duration> image_minimum_gc_age;
  std::optional<Duration> image_maximum_gc_age;
  std::optional<Integer<1, kInt32>> max_parallel_image_pulls;
  std::optional<Duration> shutdown_grace_period;
  std::optional<Duration> shutdown_grace_period_for_critical_pods;
  std::optional<Integer<0, 10>> log_level;
  std::optional<bool> seccomp_default;
  std::optional<bool> single_process_oom_kill;
  std::optional<bool> device_ownership_from_security_context;
  std::optional<Integer<65536, kInt32>> ids_per_pod;
  std::map<Identifier, CredentialProvider> credential_providers;

  // A table, and the kubelet has that many settings. NOLINTNEXTLINE(readability-function-size)
  static constexpr auto fields() {
    return std::tuple{
        Field{"api-server",
              &Kubernetes::api_server,
              {.doc = "The URL of the cluster's API server.",
               .example = R"("https://10.0.0.2:6443")",
               .affects = "kubelet firewall cni"}},
        Field{"cluster-certificate",
              &Kubernetes::cluster_certificate,
              {.doc = "The cluster's CA certificate, in PEM, encoded in base64.",
               .example = R"("")",
               .affects = "kubelet"}},
        Field{"cluster-name",
              &Kubernetes::cluster_name,
              {.doc = "The name of the cluster.", .example = R"("production")", .affects = "kubelet"}},
        Field{"bootstrap-token",
              &Kubernetes::bootstrap_token,
              {.doc = "The token with which the node joins when authentication-mode is \"tls\".",
               .example = R"("abcdef.0123456789abcdef")",
               .affects = "kubelet",
               .secret = true}},
        Field{"authentication-mode",
              &Kubernetes::authentication_mode,
              {.doc = "How the kubelet authenticates.",
               .example = R"("tls")",
               .default_value = R"("tls")",
               .affects = "kubelet"}},
        Field{"standalone-mode",
              &Kubernetes::standalone_mode,
              {.doc = "Whether the kubelet runs without a cluster.",
               .example = R"(true)",
               .default_value = R"(false)",
               .affects = "kubelet"}},
        Field{"cluster-domain",
              &Kubernetes::cluster_domain,
              {.doc = "The DNS domain of the cluster.",
               .example = R"("cluster.local")",
               .default_value = R"("cluster.local")",
               .affects = "kubelet"}},
        Field{"cluster-dns-ip",
              &Kubernetes::cluster_dns_ip,
              {.doc = "The cluster's name servers: one address or a list.",
               .example = R"(["10.96.0.10"])",
               .affects = "kubelet"}},
        Field{"node-ip",
              &Kubernetes::node_ip,
              {.doc = "The node's address in the cluster.", .example = R"("10.0.0.9")", .affects = "kubelet"}},
        Field{"max-pods",
              &Kubernetes::max_pods,
              {.doc = "How many pods the node may run.",
               .example = R"(58)",
               .default_value = R"(110)",
               .affects = "kubelet"}},
        Field{"hostname-override",
              &Kubernetes::hostname_override,
              {.doc = "The name of the node in the cluster.", .example = R"("node-7")", .affects = "kubelet"}},
        Field{"hostname-override-source",
              &Kubernetes::hostname_override_source,
              {.doc = "Where the node's name comes from on EC2.", .example = R"("instance-id")", .affects = "kubelet"}},
        Field{"provider-id",
              &Kubernetes::provider_id,
              {.doc = "The node's ID for the cloud provider.",
               .example = R"("aws:///eu-central-1a/i-0123456789abcdef0")",
               .affects = "kubelet"}},
        Field{"cloud-provider",
              &Kubernetes::cloud_provider,
              {.doc = "Who manages the node's cloud resources.",
               .example = R"("external")",
               .default_value = R"("")",
               .affects = "kubelet"}},
        Field{"node-labels",
              &Kubernetes::node_labels,
              {.doc = "Labels that the node registers with.",
               .example = R"("ingress")",
               .name_example = "example.com/role",
               .affects = "kubelet"}},
        Field{"node-taints",
              &Kubernetes::node_taints,
              {.doc = "Taints that the node registers with: one value or a list.",
               .example = R"(["dedicated:NoSchedule"])",
               .name_example = "example.com/role",
               .affects = "kubelet"}},
        Field{"static-pods",
              &Kubernetes::static_pods,
              {.doc = "Pods that the kubelet runs without the cluster's API server."}},
        Field{"static-pods-enabled",
              &Kubernetes::static_pods_enabled,
              {.doc = "Whether static pods run.",
               .example = R"(false)",
               .default_value = R"(true)",
               .affects = "kubelet"}},
        Field{"system-reserved",
              &Kubernetes::system_reserved,
              {.doc = "Resources reserved for the host.",
               .example = R"("100m")",
               .name_example = "cpu",
               .affects = "kubelet"}},
        Field{"kube-reserved",
              &Kubernetes::kube_reserved,
              {.doc = "Resources reserved for Kubernetes.",
               .example = R"("100m")",
               .name_example = "cpu",
               .affects = "kubelet"}},
        Field{"reserved-cpus",
              &Kubernetes::reserved_cpus,
              {.doc = "CPUs reserved for the host and Kubernetes.", .example = R"("0,2-3")", .affects = "kubelet"}},
        Field{"eviction-hard",
              &Kubernetes::eviction_hard,
              {.doc = "Thresholds below which pods are evicted at once.",
               .example = R"("15%")",
               .name_example = "memory.available",
               .affects = "kubelet"}},
        Field{"eviction-soft",
              &Kubernetes::eviction_soft,
              {.doc = "Thresholds below which pods are evicted after a grace period.",
               .example = R"("20%")",
               .name_example = "memory.available",
               .affects = "kubelet"}},
        Field{"eviction-soft-grace-period",
              &Kubernetes::eviction_soft_grace_period,
              {.doc = "How long a soft threshold must be crossed before pods are evicted.",
               .example = R"("30s")",
               .name_example = "memory.available",
               .affects = "kubelet"}},
        Field{"eviction-max-pod-grace-period",
              &Kubernetes::eviction_max_pod_grace_period,
              {.doc = "The longest time that an evicted pod gets to end, in seconds.",
               .example = R"(40)",
               .affects = "kubelet"}},
        Field{
            "allowed-unsafe-sysctls",
            &Kubernetes::allowed_unsafe_sysctls,
            {.doc = "Unsafe sysctls that pods may set.", .example = R"(["net.core.somaxconn"])", .affects = "kubelet"}},
        Field{"server-tls-bootstrap",
              &Kubernetes::server_tls_bootstrap,
              {.doc = "Whether the kubelet requests its server certificate from the cluster.",
               .example = R"(false)",
               .default_value = R"(true)",
               .affects = "kubelet"}},
        Field{"server-certificate",
              &Kubernetes::server_certificate,
              {.doc = "The kubelet's own server certificate, in PEM, encoded in base64.",
               .example = R"("")",
               .affects = "kubelet"}},
        Field{"server-key",
              &Kubernetes::server_key,
              {.doc = "The private key of that certificate, in PEM, encoded in base64.",
               .example = R"("")",
               .affects = "kubelet",
               .secret = true}},
        Field{"registry-qps",
              &Kubernetes::registry_qps,
              {.doc = "Image pulls per second; 0 for no limit.",
               .example = R"(10)",
               .default_value = R"(5)",
               .affects = "kubelet"}},
        Field{"registry-burst",
              &Kubernetes::registry_burst,
              {.doc = "Image pulls in a burst.", .example = R"(20)", .default_value = R"(10)", .affects = "kubelet"}},
        Field{"event-qps",
              &Kubernetes::event_qps,
              {.doc = "Events per second.", .example = R"(100)", .default_value = R"(50)", .affects = "kubelet"}},
        Field{"event-burst",
              &Kubernetes::event_burst,
              {.doc = "Events in a burst.", .example = R"(200)", .default_value = R"(100)", .affects = "kubelet"}},
        Field{"kube-api-qps",
              &Kubernetes::kube_api_qps,
              {.doc = "Requests per second to the cluster's API server.",
               .example = R"(100)",
               .default_value = R"(50)",
               .affects = "kubelet"}},
        Field{"kube-api-burst",
              &Kubernetes::kube_api_burst,
              {.doc = "Requests to the cluster's API server in a burst.",
               .example = R"(200)",
               .default_value = R"(100)",
               .affects = "kubelet"}},
        Field{"container-log-max-size",
              &Kubernetes::container_log_max_size,
              {.doc = "The size at which a container's log is rotated.",
               .example = R"("40M")",
               .default_value = R"("10Mi")",
               .affects = "kubelet"}},
        Field{"container-log-max-files",
              &Kubernetes::container_log_max_files,
              {.doc = "How many logs of a container are kept.",
               .example = R"(4)",
               .default_value = R"(5)",
               .affects = "kubelet"}},
        Field{"container-log-max-workers",
              &Kubernetes::container_log_max_workers,
              {.doc = "How many logs are rotated at the same time.",
               .example = R"(2)",
               .default_value = R"(1)",
               .affects = "kubelet"}},
        Field{"container-log-monitor-interval",
              &Kubernetes::container_log_monitor_interval,
              {.doc = "How often the sizes of logs are checked.",
               .example = R"("30s")",
               .default_value = R"("10s")",
               .affects = "kubelet"}},
        Field{"cpu-cfs-quota-enforced",
              &Kubernetes::cpu_cfs_quota_enforced,
              {.doc = "Whether CPU limits are enforced.",
               .example = R"(false)",
               .default_value = R"(true)",
               .affects = "kubelet"}},
        Field{"cpu-manager-policy",
              &Kubernetes::cpu_manager_policy,
              {.doc = "How CPUs are assigned to containers.",
               .example = R"("static")",
               .default_value = R"("none")",
               .affects = "kubelet"}},
        Field{"cpu-manager-reconcile-period",
              &Kubernetes::cpu_manager_reconcile_period,
              {.doc = "How often the assignment of CPUs is reconciled.",
               .example = R"("11s")",
               .default_value = R"("10s")",
               .affects = "kubelet"}},
        Field{"cpu-manager-policy-options",
              &Kubernetes::cpu_manager_policy_options,
              {.doc = "Options of the static CPU policy.", .example = R"(["full-pcpus-only"])", .affects = "kubelet"}},
        Field{"topology-manager-scope",
              &Kubernetes::topology_manager_scope,
              {.doc = "Whether resources are aligned per container or per pod.",
               .example = R"("pod")",
               .default_value = R"("container")",
               .affects = "kubelet"}},
        Field{"topology-manager-policy",
              &Kubernetes::topology_manager_policy,
              {.doc = "How strictly resources are aligned to NUMA nodes.",
               .example = R"("single-numa-node")",
               .default_value = R"("none")",
               .affects = "kubelet"}},
        Field{"memory-manager-policy",
              &Kubernetes::memory_manager_policy,
              {.doc = "How memory is assigned to containers.",
               .example = R"("Static")",
               .default_value = R"("None")",
               .affects = "kubelet"}},
        Field{"memory-manager-reserved-memory",
              &Kubernetes::memory_manager_reserved_memory,
              {.doc = "Memory reserved for the host on each NUMA node."}},
        Field{"pod-pids-limit",
              &Kubernetes::pod_pids_limit,
              {.doc = "How many processes a pod may have; -1 for no limit.",
               .example = R"(1048576)",
               .default_value = R"(1048576)",
               .affects = "kubelet"}},
        Field{"image-gc-high-threshold-percent",
              &Kubernetes::image_gc_high_threshold_percent,
              {.doc = "The disk usage, in percent, above which unused images are removed.",
               .example = R"(85)",
               .default_value = R"(85)",
               .affects = "kubelet"}},
        Field{"image-gc-low-threshold-percent",
              &Kubernetes::image_gc_low_threshold_percent,
              {.doc = "The disk usage, in percent, down to which unused images are removed.",
               .example = R"(80)",
               .default_value = R"(80)",
               .affects = "kubelet"}},
        Field{"image-minimum-gc-age",
              &Kubernetes::image_minimum_gc_age,
              {.doc = "The shortest time that an unused image is kept.",
               .example = R"("5m")",
               .default_value = R"("2m")",
               .affects = "kubelet"}},
        Field{"image-maximum-gc-age",
              &Kubernetes::image_maximum_gc_age,
              {.doc = "The longest time that an unused image is kept.", .example = R"("24h")", .affects = "kubelet"}},
        Field{"max-parallel-image-pulls",
              &Kubernetes::max_parallel_image_pulls,
              {.doc = "How many images are pulled at the same time.", .example = R"(4)", .affects = "kubelet"}},
        Field{
            "shutdown-grace-period",
            &Kubernetes::shutdown_grace_period,
            {.doc = "How long pods get to end when the node shuts down.", .example = R"("30s")", .affects = "kubelet"}},
        Field{"shutdown-grace-period-for-critical-pods",
              &Kubernetes::shutdown_grace_period_for_critical_pods,
              {.doc = "The part of that time that is reserved for critical pods.",
               .example = R"("10s")",
               .affects = "kubelet"}},
        Field{"log-level",
              &Kubernetes::log_level,
              {.doc = "The verbosity of the kubelet's log.",
               .example = R"(3)",
               .default_value = R"(2)",
               .affects = "kubelet"}},
        Field{"seccomp-default",
              &Kubernetes::seccomp_default,
              {.doc = "Whether containers get the runtime's seccomp profile by default.",
               .example = R"(false)",
               .default_value = R"(true)",
               .affects = "kubelet"}},
        Field{"single-process-oom-kill",
              &Kubernetes::single_process_oom_kill,
              {.doc = "Whether the kernel kills a single process of a container, instead of all, when memory runs out.",
               .example = R"(true)",
               .affects = "kubelet"}},
        Field{"device-ownership-from-security-context",
              &Kubernetes::device_ownership_from_security_context,
              {.doc = "Whether device files belong to the container's user.",
               .example = R"(false)",
               .default_value = R"(true)",
               .affects = "containerd"}},
        Field{"ids-per-pod",
              &Kubernetes::ids_per_pod,
              {.doc = "How many user IDs a pod with a user namespace gets.",
               .example = R"(65536)",
               .affects = "kubelet"}},
        Field{"credential-providers",
              &Kubernetes::credential_providers,
              {.doc = "Programs that give credentials for registries."}},
    };
  }
};

}  // namespace bulkhead::settings
