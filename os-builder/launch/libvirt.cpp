#include <format>

#include "os-builder/launch/launch.hpp"

namespace bulkhead::launch {
namespace {

// Text between tags and in attributes (XML 1.0, 2.4).
std::string xml_text(std::string_view text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '&': result += "&amp;"; break;
      case '<': result += "&lt;"; break;
      case '>': result += "&gt;"; break;
      case '"': result += "&quot;"; break;
      case '\'': result += "&apos;"; break;
      default: result += c;
    }
  }
  return result;
}

constexpr std::string_view kDomain = R"(<domain type='kvm'>
  <name>{0}</name>
  <title>{1}</title>
  <memory unit='MiB'>2048</memory>
  <vcpu>2</vcpu>
  <os firmware='efi'>
    <type arch='x86_64' machine='q35'>hvm</type>
    <firmware>
      <feature enabled='yes' name='secure-boot'/>
      <feature enabled='no' name='enrolled-keys'/>
    </firmware>
  </os>
  <features>
    <acpi/>
    <smm state='on'/>
  </features>
  <cpu mode='host-passthrough'/>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>restart</on_crash>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2' discard='unmap'/>
      <source file='/var/lib/libvirt/images/{0}.qcow2'/>
      <target dev='vda' bus='virtio'/>
      <boot order='1'/>
    </disk>
    <interface type='network'>
      <source network='default'/>
      <model type='virtio'/>
      <rom enabled='no'/>
    </interface>
    <serial type='pty'/>
    <console type='pty'/>
    <tpm model='tpm-crb'>
      <backend type='emulator' version='2.0'/>
    </tpm>
    <rng model='virtio'>
      <backend model='random'>/dev/urandom</backend>
    </rng>
    <memballoon model='virtio'/>
  </devices>
</domain>
)";

}  // namespace

std::string libvirt_domain(const LaunchSubject& subject) {
  const std::string name = xml_text(std::format("bulkhead-{}", subject.variant));
  const std::string title =
      xml_text(std::format("{} {} ({})", subject.product, subject.version.to_string(), subject.variant));
  return std::vformat(kDomain, std::make_format_args(name, title));
}

}  // namespace bulkhead::launch
