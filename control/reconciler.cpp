#include "control/reconciler.hpp"

#include "proxy/base/log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace fairlead::control {
namespace {

constexpr std::uint32_t heaviest = 1000;
// Of one change: beyond it the journal says how many there were. A first load is one change.
constexpr std::size_t most_records = 256;

std::size_t index(model::SourceKind kind) noexcept {
    return static_cast<std::size_t>(kind);
}

/// Sources check what people wrote. This is the last gate before the workers: what it stops is a
/// defect of a source, which must cost one entry and not the snapshot.
Checked<> check(const model::RouteSpec& route) {
    const auto host = model::parse_route_host(route.host);
    if (!host) return host.error();
    if (*host != route.host) return problem("the host '{}' is not normalised", route.host);
    const auto path = model::parse_route_path(route.path);
    if (!path) return path.error();
    if (*path != route.path) return problem("the path '{}' is not normalised", route.path);
    const bool leads_by_rules =
        route.rules && (route.rules->redirect || !route.rules->split.shares.empty());
    if (route.service.empty() && leads_by_rules) return {};
    const auto service = model::parse_service_name(route.service);
    if (!service) return service.error();
    return {};
}

Checked<> check(const model::EndpointSpec& endpoint) {
    if (endpoint.weight < 1 || endpoint.weight > heaviest) {
        return problem("the weight {} is out of range; allowed: 1 to {}", endpoint.weight,
                       heaviest);
    }
    if (endpoint.identity.empty()) return problem("the endpoint has no identity");
    return {};
}

/// Removes what fails its check, and lists it as rejected.
template <class Entry>
void keep_valid(std::vector<Entry>& entries, std::vector<model::RejectedEntry>& rejected) {
    std::erase_if(entries, [&](const Entry& entry) {
        const auto checked = check(entry);
        if (!checked) rejected.push_back({entry.origin, checked.error().text()});
        return !checked;
    });
}

void validate(model::SourceItem& item, const model::PolicyFactory& make_policy) {
    keep_valid(item.routes, item.rejected);
    const std::vector<model::Endpoint> none;
    for (auto& service : item.services) {
        keep_valid(service.endpoints, item.rejected);
        if (!service.settings) continue;
        const auto policy = make_policy(service.settings->policy, none, nullptr);
        if (policy) continue;
        item.rejected.push_back({service.origin, policy.error().text()});
        service.settings->policy = model::ServiceSettings().policy;
    }
}

// More than a screen of them nobody reads one by one.
constexpr std::size_t most_previewed = 10'000;

/// Whose doing a difference of that source is: of what happened in one turn, what came from the
/// same source; else (the winner went, and what lost to it is back) all of it.
std::string who(const std::vector<Reconciler::Cause>& causes, model::SourceKind source) {
    const bool has_own = std::any_of(causes.begin(), causes.end(),
                                     [&](const auto& cause) { return cause.source == source; });
    std::vector<std::string_view> names;
    for (const auto& cause : causes) {
        if (has_own && cause.source != source) continue;
        if (std::find(names.begin(), names.end(), cause.who) == names.end())
            names.push_back(cause.who);
    }
    return fmt::format("{}", fmt::join(names, ", "));
}

void log_applied(const model::Snapshot& snapshot, const model::Catalog& catalog,
                 const ChangeCounts& counts, Duration took) {
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
    log::info("change.applied", log::kv("version", snapshot.version()),
              log::kv("routes", snapshot.routes().size()),
              log::kv("services", snapshot.services().size()),
              log::kv("routes_added", counts.routes_added),
              log::kv("routes_removed", counts.routes_removed),
              log::kv("routes_changed", counts.routes_changed),
              log::kv("endpoints_added", counts.endpoints_added),
              log::kv("endpoints_removed", counts.endpoints_removed),
              log::kv("endpoints_changed", counts.endpoints_changed),
              log::kv("admissions_changed", counts.admissions_changed),
              log::kv("losers", catalog.loser_count()),
              log::kv("rejected", catalog.rejected_count()), log::kv("took_us", us));
}

}  // namespace

Reconciler::Reconciler(aio::IoContext& io, model::PolicyFactory make_policy, std::size_t workers,
                       Publish publish, std::shared_ptr<Journal> journal)
    : io_(io),
      make_policy_(std::move(make_policy)),
      compiler_(make_policy_, workers),
      publish_(std::move(publish)),
      journal_(std::move(journal)),
      records_(std::make_shared<std::array<SourceRecord, model::source_kind_count>>()) {}

const SourceRecord& Reconciler::record(model::SourceKind kind) const noexcept {
    return (*records_)[index(kind)];
}

void Reconciler::accept(model::SourceChange change) {
    const auto now = std::chrono::system_clock::now();
    const auto kind = change.kind;
    const auto since = change.caused_at.value_or(now);
    auto who = std::move(change.who);
    auto& record = (*records_)[index(kind)];
    record.last_heard = now;
    for (auto& entry : change.items) {
        if (entry.item) validate(*entry.item, make_policy_);
    }
    if (!catalog_.apply(std::move(change))) return;
    ++record.changes;

    const bool is_posted = !causes_.empty();
    causes_.push_back({kind, since, std::move(who)});
    if (!is_posted) aio::asio::post(io_, [this] { apply(); });
}

void Reconciler::apply() {
    if (causes_.empty()) return;  // a preview has been quicker
    const auto begun = Clock::now();
    const auto causes = std::exchange(causes_, {});
    const auto before = compiler_.current();

    const auto change = catalog_.take();
    const auto snapshot = compiler_.compile(change, begun);

    publish_(snapshot, [causes, records = records_] {
        const auto now = std::chrono::system_clock::now();
        for (const auto& cause : causes) {
            // A clock set back, or Docker's running ahead of ours, is no negative duration.
            const auto took = std::max(now - cause.since, WallTime::duration::zero());
            (*records)[index(cause.source)].event_to_effective.observe(
                std::chrono::duration_cast<Duration>(took));
        }
    });

    auto differences = compare(change, *before, most_records);
    record_changes(differences, causes, snapshot->version());
    log_applied(*snapshot, catalog_, differences.counts, Clock::now() - begun);
}

void Reconciler::record_changes(Differences& differences, const std::vector<Cause>& causes,
                                std::uint64_t version) {
    const auto now = std::chrono::system_clock::now();
    auto& records = differences.records;
    for (auto& record : records) {
        record.at = now;
        record.snapshot = version;
        record.who = who(causes, record.source);
    }
    log_changes(differences);
    if (!journal_ || records.empty()) return;
    for (const auto& record : records) journal_->add(record);
    if (differences.more > 0) {
        ChangeRecord rest = records.back();
        rest.event = "change.more";
        rest.name = fmt::format("{} more differences", differences.more);
        rest.before.clear();
        rest.after.clear();
        rest.origin.clear();
        journal_->add(std::move(rest));
    }
    journal_->announce();
}

Differences Reconciler::preview(model::SourceChange change) {
    apply();  // what is on its way is no difference
    for (auto& entry : change.items) {
        if (entry.item) validate(*entry.item, make_policy_);
    }
    auto back = catalog_.whole(change.kind);
    catalog_.apply(std::move(change));
    auto differences = compare(catalog_.take(), *compiler_.current(), most_previewed);
    catalog_.apply(std::move(back));
    catalog_.take();
    return differences;
}

}  // namespace fairlead::control
