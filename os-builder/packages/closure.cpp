#include "os-builder/packages/closure.hpp"

#include <algorithm>
#include <deque>
#include <set>

#include "lib/base/text.hpp"

namespace bulkhead::packages {

namespace {

struct Chosen {
  const Candidate* candidate;
  std::string parent;  // the package that needed it first; empty for what was asked for
};

struct Open {  // a dependency that leaves a choice
  std::string owner;
  const Dependency* dependency;
};

// "a | b (>= 2)"
std::string text_of(const Dependency& dependency) {
  std::string text;
  for (const Alternative& alternative : dependency) text += (text.empty() ? "" : " | ") + alternative.text;
  return text;
}

std::vector<std::string> options_of(const Dependency& dependency) {
  std::vector<std::string> options;
  for (const Alternative& alternative : dependency) {
    for (const std::string& name : alternative.satisfied_by) {
      if (std::ranges::find(options, name) == options.end()) options.push_back(name);
    }
  }
  return options;
}

class Closure {
 public:
  Closure(PackageIndex& index, const Reasons& wanted, const Reasons& excluded)
      : index_(index), wanted_(wanted), excluded_(excluded) {}

  Result<Reasons> run() {
    TRY(check_excluded_names());
    for (const auto& [name, reason] : wanted_) TRY(choose_wanted(name));
    bool chose = true;
    while (chose) {
      TRY(take_what_leaves_no_choice());
      chose = make_next_choice();
    }
    TRY(check_conflicts());
    TRY(check_stale_exclusions());

    Reasons reasons;
    for (const auto& [name, chosen] : chosen_) {
      reasons[name] = chosen.parent.empty() ? wanted_.at(name) : std::format("needed by {}", chosen.parent);
    }
    return reasons;
  }

 private:
  Error unknown_package(const std::string& name, std::string_view key) {
    Error reason = error(ErrorCode::invalid_argument, "{}: the archive has no package '{}'", key, name);
    const std::string elsewhere = named_elsewhere({name});
    const std::string near = nearest(name, index_.names());
    if (!elsewhere.empty()) {
      reason.hint = elsewhere;
    } else if (!near.empty()) {
      reason.hint = std::format("the nearest name is '{}'", near);
    }
    return reason;
  }

  // What other suites have of these packages, and where a variant says that it wants it; empty when they have nothing.
  std::string named_elsewhere(const std::vector<std::string>& names) const {
    for (const std::string& name : names) {
      const auto offers = index_.offers(name);
      const auto other = std::ranges::find(offers, false, &Offer::base);
      if (other == offers.end()) continue;
      return std::format("{0} has {1} {2}: to take it from there, name {1} in [packages.from.{0}], with the reason",
                         other->suite, name, other->version);
    }
    return {};
  }

  Result<> check_excluded_names() {
    for (const auto& [name, reason] : excluded_) {
      if (index_.find(name) == nullptr && index_.providers(name).empty())
        return fail(unknown_package(name, "packages.exclude"));
    }
    return {};
  }

  Result<> choose_wanted(const std::string& name) {
    const Candidate* candidate = index_.find(name);
    if (candidate != nullptr) {
      choose(candidate, "");
      return {};
    }
    const auto providers = index_.providers(name);
    if (providers.empty()) return fail(unknown_package(name, "packages.install"));
    std::string list;
    for (const std::string& provider : providers) list += (list.empty() ? "" : ", ") + provider;
    return fail(error(ErrorCode::invalid_argument, "packages.install: '{}' is a virtual package", name)
                    .with_hint(std::format("name one that provides it: {}", list)));
  }

  void choose(const Candidate* candidate, const std::string& parent) {
    if (chosen_.emplace(candidate->name, Chosen{candidate, parent}).second) queue_.push_back(candidate->name);
  }

  bool excluded(const Dependency& dependency) const {
    return std::ranges::any_of(dependency, [&](const Alternative& alternative) {
      return excluded_.contains(alternative.name) ||
             std::ranges::any_of(alternative.satisfied_by,
                                 [&](const std::string& name) { return excluded_.contains(name); });
    });
  }

  bool satisfied_by_chosen(const Dependency& dependency) const {
    return std::ranges::any_of(dependency, [&](const Alternative& alternative) {
      return std::ranges::any_of(alternative.satisfied_by,
                                 [&](const std::string& name) { return chosen_.contains(name); });
    });
  }

  // Breadth first, so that reasons and chains are short. Choices wait until everything without a choice is chosen.
  Result<> take_what_leaves_no_choice() {
    while (!queue_.empty()) {
      const std::string owner = std::move(queue_.front());
      queue_.pop_front();
      for (const Dependency& dependency : chosen_.at(owner).candidate->dependencies) {
        if (excluded(dependency) || satisfied_by_chosen(dependency)) continue;
        const auto options = options_of(dependency);
        if (options.empty()) return fail(unsatisfiable(owner, dependency));
        if (options.size() == 1) {
          choose(index_.find(options[0]), owner);
        } else {
          open_.push_back({owner, &dependency});
        }
      }
    }
    return {};
  }

  // False when no choice is left.
  bool make_next_choice() {
    while (!open_.empty()) {
      const Open next = std::move(open_.front());
      open_.pop_front();
      if (satisfied_by_chosen(*next.dependency)) continue;
      const auto options = options_of(*next.dependency);
      const auto peaceful = std::ranges::find_if(options, [&](const std::string& name) { return fits(name); });
      // When each of them conflicts, the first one leads to an error that says with what.
      choose(index_.find(peaceful != options.end() ? *peaceful : options[0]), next.owner);
      return true;
    }
    return false;
  }

  bool fits(const std::string& name) const {
    const auto forbids = [](const Candidate& candidate, const std::string& other) {
      return std::ranges::any_of(candidate.conflicts, [&](const Conflict& conflict) {
        return std::ranges::find(conflict.with, other) != conflict.with.end();
      });
    };
    const Candidate& candidate = *index_.find(name);
    return std::ranges::none_of(chosen_, [&](const auto& entry) {
      return forbids(candidate, entry.first) || forbids(*entry.second.candidate, name);
    });
  }

  // "containerd -> runc": why the package is chosen.
  std::string chain(const std::string& name) const {
    std::string text = name;
    for (const Chosen* step = &chosen_.at(name); !step->parent.empty(); step = &chosen_.at(step->parent)) {
      text = std::format("{} -> {}", step->parent, text);
    }
    return text;
  }

  Error unsatisfiable(const std::string& owner, const Dependency& dependency) const {
    std::string have;
    std::vector<std::string> names;
    for (const Alternative& alternative : dependency) {
      names.push_back(alternative.name);
      const Candidate* candidate = index_.find(alternative.name);
      have += have.empty() ? "" : ", ";
      have += candidate != nullptr ? std::format("{} {}", candidate->name, candidate->version)
                                   : std::format("no package '{}'", alternative.name);
    }
    const std::string elsewhere = named_elsewhere(names);
    return error(ErrorCode::invalid_argument, "unsatisfiable dependency: {} -> {}; the archive has {}", chain(owner),
                 text_of(dependency), have)
        .with_hint(!elsewhere.empty() ? elsewhere
                                      : "leave out the package; or, if the image works without the dependency, add it "
                                        "to packages.exclude");
  }

  Result<> check_conflicts() const {
    for (const auto& [name, chosen] : chosen_) {
      for (const Conflict& conflict : chosen.candidate->conflicts) {
        for (const std::string& other : conflict.with) {
          if (!chosen_.contains(other)) continue;
          const std::string elsewhere = named_elsewhere({other});
          return fail(error(ErrorCode::invalid_argument, "packages conflict: {} has '{}', but {} {} is installed too",
                            chain(name), conflict.text, chain(other), chosen_.at(other).candidate->version)
                          .with_hint(!elsewhere.empty() ? elsewhere
                                                        : "leave out one of them, or name another alternative in "
                                                          "packages.install"));
        }
      }
    }
    return {};
  }

  // An exclusion is used when a dependency would be unsatisfied without it.
  Result<> check_stale_exclusions() const {
    std::set<std::string, std::less<>> used;
    for (const auto& [name, chosen] : chosen_) {
      for (const Dependency& dependency : chosen.candidate->dependencies) {
        if (satisfied_by_chosen(dependency)) continue;
        for (const Alternative& alternative : dependency) {
          used.insert(alternative.name);
          used.insert(alternative.satisfied_by.begin(), alternative.satisfied_by.end());
        }
      }
    }
    for (const auto& [name, reason] : excluded_) {
      if (used.contains(name)) continue;
      return fail(error(ErrorCode::invalid_argument, "packages.exclude: nothing depends on '{}'", name)
                      .with_hint("remove the entry: only dependencies of installed packages can be excluded"));
    }
    return {};
  }

  PackageIndex& index_;
  const Reasons& wanted_;
  const Reasons& excluded_;
  std::map<std::string, Chosen> chosen_;
  std::deque<std::string> queue_;  // chosen, dependencies not yet looked at
  std::deque<Open> open_;
};

}  // namespace

Result<Reasons> closure(PackageIndex& index, const Reasons& wanted, const Reasons& excluded) {
  return Closure(index, wanted, excluded).run();
}

}  // namespace bulkhead::packages
