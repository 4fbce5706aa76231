// Everything known about the containers that take part: what the engine said when asked, and what
// its events said since. Gives the whole as a SourceState at any moment, without asking anybody.
//
// An answer of the engine may be older than an event that overtook it. So whoever asks takes a
// mark() first and hands it in with the answer; what changed since the mark is not overwritten.
//
// A container is draining from the moment it is sent its own stop signal (or SIGKILL), until its
// process ends: that is remembered beside what the engine says, which knows nothing of it.
//
// Threads: control.
#pragma once

#include "discovery/docker_event.hpp"
#include "discovery/docker_labels.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace fairlead::discovery {

class ContainerBook {
public:
    using Mark = std::uint64_t;

    /// What an event calls for: publish what is known now, ask the engine about the container.
    struct Effect {
        bool publish = false;
        bool look = false;
    };

    explicit ContainerBook(LabelRules rules) : rules_(rules) {}

    Effect apply(const DockerEvent& event);

    Mark mark() const noexcept { return changes_; }

    /// The engine described it, in answer to a question asked at `asked`.
    void learn(ContainerFacts facts, Mark asked);
    /// The engine could not describe it: what was known stands, and the trouble is listed. Whether
    /// that is news.
    bool learn_trouble(const std::string& id, const Problem& why, Mark asked);
    /// The engine does not know it.
    void forget(const std::string& id, Mark asked);
    /// The engine listed all there are.
    void forget_others(const std::set<std::string>& ids, Mark asked);

    model::SourceState state() const;

private:
    struct Record {
        std::optional<ContainerFacts> facts;  // none: not described yet
        std::map<int, WallTime> signals;      // when each was last sent
        std::optional<Problem> trouble;
        Mark changed = 0;    // by an event
        ContainerPlan plan;  // from facts and signals
    };

    Effect apply_kill(const DockerEvent& event);
    void changed(Record& record);
    void plan(Record& record) const;
    bool is_draining(const Record& record) const;
    bool is_outdated(const std::string& id, Mark asked) const;
    std::vector<const std::pair<const std::string, Record>*> by_precedence() const;

    LabelRules rules_;
    Mark changes_ = 0;
    std::map<std::string, Record> records_;  // by container id
    std::map<std::string, Mark> destroyed_;  // lately; older answers may still speak of them
};

}  // namespace fairlead::discovery
