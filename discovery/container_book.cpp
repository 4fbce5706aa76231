#include "discovery/container_book.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <tuple>

namespace fairlead::discovery {

using Action = DockerEvent::Action;
using Run = ContainerFacts::Run;

ContainerBook::Effect ContainerBook::apply(const DockerEvent& event) {
    if (event.action == Action::other) return {};
    if (event.action == Action::kill) return apply_kill(event);
    const auto at = records_.find(event.container);
    if (at == records_.end()) {
        // Only a newcomer that takes part is of interest; networks' events do not say so.
        return {false, event.takes_part && event.action != Action::destroy};
    }
    auto& record = at->second;
    if (event.action == Action::destroy) {
        destroyed_[event.container] = ++changes_;
        const bool was_described = record.facts.has_value();
        records_.erase(at);
        return {was_described, false};
    }
    // An event from before the container's latest start tells of a life that is over.
    if (!record.facts || event.at < record.facts->started_at) return {false, true};
    if (event.action == Action::network && record.facts->run == Run::stopped) {
        return {};  // part of a start or a stop, which has an event of its own
    }
    switch (event.action) {
        case Action::die:
            record.facts->run = Run::stopped;
            break;
        case Action::pause:
            record.facts->run = Run::paused;
            break;
        case Action::health:
            record.facts->health = event.health;
            break;
        default:
            changed(record);
            return {false, true};
    }
    changed(record);
    plan(record);
    return {true, true};
}

ContainerBook::Effect ContainerBook::apply_kill(const DockerEvent& event) {
    if (event.signal == 0) return {};
    auto at = records_.find(event.container);
    if (at == records_.end()) {
        if (!event.takes_part) return {};
        // Killed before we could ask for its stop signal: judged when it is described.
        at = records_.try_emplace(event.container).first;
    }
    auto& record = at->second;
    const bool was_draining = record.facts && is_draining(record);
    auto& sent = record.signals[event.signal];
    sent = std::max(sent, event.at);
    if (!record.facts) return {false, true};
    if (was_draining || !is_draining(record)) return {};
    plan(record);
    return {true, false};
}

bool ContainerBook::is_draining(const Record& record) const {
    const auto sent_in_this_life = [&](int signal) {
        const auto at = record.signals.find(signal);
        return at != record.signals.end() && at->second >= record.facts->started_at;
    };
    return sent_in_this_life(record.facts->stop_signal) || sent_in_this_life(SIGKILL);
}

void ContainerBook::changed(Record& record) {
    record.changed = ++changes_;
}

void ContainerBook::plan(Record& record) const {
    const auto admission =
        is_draining(record) ? model::Admission::draining : admission_of(*record.facts);
    record.plan = plan_container(*record.facts, admission, rules_);
}

bool ContainerBook::is_outdated(const std::string& id, Mark asked) const {
    const auto gone = destroyed_.find(id);
    if (gone != destroyed_.end() && gone->second > asked) return true;
    const auto at = records_.find(id);
    return at != records_.end() && at->second.changed > asked;
}

void ContainerBook::learn(ContainerFacts facts, Mark asked) {
    if (is_outdated(facts.id, asked)) return;
    auto& record = records_[facts.id];
    record.facts = std::move(facts);
    record.trouble.reset();
    plan(record);
}

bool ContainerBook::learn_trouble(const std::string& id, const Problem& why, Mark asked) {
    if (is_outdated(id, asked)) return false;
    auto& trouble = records_[id].trouble;
    const bool is_news = !trouble || trouble->text() != why.text();
    trouble = why;
    return is_news;
}

void ContainerBook::forget(const std::string& id, Mark asked) {
    if (!is_outdated(id, asked)) records_.erase(id);
}

void ContainerBook::forget_others(const std::set<std::string>& ids, Mark asked) {
    std::erase_if(records_, [&](const auto& item) {
        return item.second.changed <= asked && !ids.contains(item.first);
    });
    // Questions are asked one after the other: no answer older than this one is still to come.
    std::erase_if(destroyed_, [&](const auto& item) { return item.second <= asked; });
}

std::vector<const std::pair<const std::string, ContainerBook::Record>*>
ContainerBook::by_precedence() const {
    std::vector<const std::pair<const std::string, Record>*> order;
    for (const auto& item : records_) {
        if (item.second.facts) order.push_back(&item);
    }
    // Running ones first, so that no left-over of yesterday takes a route from them; then the
    // older ones, so that a newcomer does not.
    const auto rank = [](const auto* item) {
        const auto& facts = *item->second.facts;
        return std::tuple(facts.run == Run::stopped, facts.created, std::string_view(item->first));
    };
    std::sort(order.begin(), order.end(),
              [&](const auto* a, const auto* b) { return rank(a) < rank(b); });
    return order;
}

model::SourceState ContainerBook::state() const {
    model::SourceState state;
    state.kind = model::SourceKind::docker;
    std::map<std::string_view, std::size_t> services;
    std::set<std::tuple<std::string_view, std::string_view, std::string_view>> routes;
    for (const auto* item : by_precedence()) {
        const auto& [facts, signals, trouble, changed, plan] = item->second;
        for (const auto& spec : plan.services) {
            const auto [at, is_new] = services.try_emplace(spec.name, state.services.size());
            if (is_new) {
                state.services.push_back(spec);
                continue;
            }
            auto& service = state.services[at->second];
            service.endpoints.insert(service.endpoints.end(), spec.endpoints.begin(),
                                     spec.endpoints.end());
            // During a deployment the newest container says how its service is treated.
            const bool has_say = facts->run != Run::stopped || !service.settings;
            if (spec.settings && has_say) service.settings = spec.settings;
        }
        for (const auto& route : plan.routes) {
            // Replicas agree with each other; two services on one route are left to the merge.
            if (routes.emplace(route.host, route.path, route.service).second)
                state.routes.push_back(route);
        }
        state.rejected.insert(state.rejected.end(), plan.rejected.begin(), plan.rejected.end());
    }
    for (const auto& [id, record] : records_) {
        if (!record.trouble) continue;
        auto origin = record.facts ? origin_of(*record.facts)
                                   : model::Origin{model::SourceKind::docker,
                                                   fmt::format("container {}", id.substr(0, 12))};
        state.rejected.push_back({std::move(origin), record.trouble->text()});
    }
    return state;
}

}  // namespace fairlead::discovery
