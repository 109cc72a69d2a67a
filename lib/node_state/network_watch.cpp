#include "lib/node_state/network_watch.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <memory>

#include "lib/sys/file.hpp"

namespace bulkhead::node_state {
namespace {

std::string text_of(const sockaddr* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address->sa_family == AF_INET) {
    ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(address)->sin_addr, text.data(), text.size());
  } else if (address->sa_family == AF_INET6) {
    const in6_addr& value = reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
    if (IN6_IS_ADDR_LINKLOCAL(&value)) return {};
    ::inet_ntop(AF_INET6, &value, text.data(), text.size());
  }
  return text.data();
}

bool has_device(const std::string& interface) {
  return sys::exists(sys::Path("/sys/class/net") / interface / "device");
}

}  // namespace

Result<NetworkWatch> NetworkWatch::open() {
  sys::UniqueFd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
  if (!fd) return fail_errno("opening a route socket");
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0)
    return fail_errno("subscribing to address changes");
  return NetworkWatch(std::move(fd));
}

void NetworkWatch::drain() {
  std::array<char, 8192> buffer;
  // The content does not matter, because addresses() reads all addresses. ENOBUFS (messages were lost) is a notice too.
  while (::recv(socket_.get(), buffer.data(), buffer.size(), 0) > 0 || errno == ENOBUFS || errno == EINTR) {
  }
}

Result<std::vector<Address>> NetworkWatch::addresses() {
  ifaddrs* raw = nullptr;
  if (::getifaddrs(&raw) < 0) return fail_errno("listing addresses");
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> list(raw, ::freeifaddrs);
  std::vector<Address> result;
  for (const ifaddrs* entry = list.get(); entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr) continue;
    Address address{.interface = entry->ifa_name, .text = text_of(entry->ifa_addr)};
    if (!address.text.empty() && has_device(address.interface)) result.push_back(std::move(address));
  }
  std::ranges::sort(result);
  return result;
}

}  // namespace bulkhead::node_state
