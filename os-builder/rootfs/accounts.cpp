#include <set>

#include "os-builder/rootfs/steps.hpp"

namespace bulkhead::rootfs {

// All accounts are known when the image is built, so nothing allocates one on the node: numbers never differ between
// two nodes or two versions, and sysusers.d is not needed.
Result<> add_accounts(const variant::Variant& variant, Tree& tree) {
  std::map<std::uint32_t, std::string> groups;
  std::map<std::string, std::set<std::string>> members;
  for (const auto& [name, group] : variant.groups) {
    const auto [known, added] = groups.emplace(group.gid, name);
    if (!added)
      return fail(ErrorCode::invalid_argument, "[groups] {} and {} both have the number {}", known->second, name,
                  group.gid);
    for (const std::string& member : group.members) {
      if (!variant.users.contains(member))
        return fail(ErrorCode::invalid_argument, "[groups] {}: there is no user '{}'", name, member);
      members[name].insert(member);
    }
  }
  std::map<std::uint32_t, std::string> users;
  for (const auto& [name, user] : variant.users) {
    const auto [known, added] = users.emplace(user.uid, name);
    if (!added)
      return fail(ErrorCode::invalid_argument, "[users] {} and {} both have the number {}", known->second, name,
                  user.uid);
    // A user's own group need not be declared.
    if (!groups.contains(user.gid)) {
      if (variant.groups.contains(name)) {
        return fail(ErrorCode::invalid_argument,
                    "[users] {}: group {} is not in [groups], where '{}' has another number", name, user.gid, name);
      }
      groups.emplace(user.gid, name);
    }
  }
  if (!users.contains(0) || users.at(0) != "root") return fail(ErrorCode::invalid_argument, "[users] needs root = 0");

  std::string passwd;
  std::string shadow;
  for (const auto& [uid, name] : users) {
    const variant::User& user = variant.users.at(name);
    passwd += std::format("{}:x:{}:{}:{}:{}:/usr/sbin/nologin\n", name, uid, user.gid, user.description, user.home);
    shadow += std::format("{}:!*:::::::\n", name);
  }
  std::string group_file;
  std::string gshadow;
  for (const auto& [gid, name] : groups) {
    std::string list;
    for (const std::string& member : members[name]) list += (list.empty() ? "" : ",") + member;
    group_file += std::format("{}:x:{}:{}\n", name, gid, list);
    gshadow += std::format("{}:!*::{}\n", name, list);
  }
  TRY(tree.put_file("/etc/passwd", std::move(passwd), 0644, "build"));
  TRY(tree.put_file("/etc/group", std::move(group_file), 0644, "build"));
  TRY(tree.put_file("/etc/shadow", std::move(shadow), 0600, "build"));
  return tree.put_file("/etc/gshadow", std::move(gshadow), 0600, "build");
}

}  // namespace bulkhead::rootfs
