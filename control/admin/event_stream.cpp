#include "control/admin/event_stream.hpp"

#include "control/admin/query.hpp"
#include "control/time_text.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <utility>

namespace fairlead::control {
namespace {

// In one write; the connection holds no more than this of the journal.
constexpr std::size_t most_at_once = 64 * 1024;
// A comment tells a client that it is still connected, and us one that is not.
constexpr Duration heartbeat = 15s;

void append_event(std::string& out, const ChangeRecord& record) {
    out.append(fmt::format("id: {}\nevent: {}\ndata: {}\n\n", record.id, record.event,
                           record_json(record)));
}

/// What follows `seen`, at most one write of it; `seen` is then the last that is in it.
std::string records_after(const Journal& journal, std::uint64_t& seen) {
    std::string out;
    while (out.size() < most_at_once) {
        const auto* const record = journal.find(seen + 1);
        if (record == nullptr) break;
        append_event(out, *record);
        seen = record->id;
    }
    return out;
}

class EventStream final : public BodyStream {
public:
    EventStream(std::shared_ptr<Journal> journal, std::uint64_t seen)
        : reader_(std::move(journal)), seen_(seen) {}

    aio::task<std::string> next() override {
        auto& journal = reader_.journal();
        // A client may wait for the first byte before it believes to be connected.
        const bool is_first = !std::exchange(has_begun_, true);
        const auto deadline = Clock::now() + (is_first ? Duration::zero() : heartbeat);
        while (!is_over_ && journal.last_id() <= seen_ && Clock::now() < deadline) {
            const auto patience = deadline - Clock::now();
            co_await journal.wait(patience);
        }
        if (is_over_) co_return std::string();
        if (seen_ + 1 < journal.first_id()) {
            is_over_ = true;
            co_return fmt::format("event: lost\ndata: {{\"seen\":{},\"first\":{}}}\n\n", seen_,
                                  journal.first_id());
        }
        auto events = records_after(journal, seen_);
        if (events.empty()) events = ": nothing new\n\n";
        co_return events;
    }

    void close() override {
        is_over_ = true;
        reader_.journal().announce();
    }

private:
    const Journal::Reader reader_;
    std::uint64_t seen_;
    bool has_begun_ = false;
    bool is_over_ = false;
};

/// The id behind which the reader wants everything. Behind the last there is: of another life of
/// ours whose clock was ahead; it gets all there is.
Checked<std::uint64_t> since(const Journal& journal, const HttpRequest& request) {
    const auto given = query_value(request.query, "since");
    const std::string text = given ? *given : std::string(request.field("last-event-id"));
    const auto oldest = journal.first_id() - 1;
    if (text.empty()) return oldest;
    std::uint64_t id = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (ec != std::errc{} || end != text.data() + text.size())
        return problem("'{}' is not an event's id; allowed: a number", text);
    return id > journal.last_id() ? oldest : std::max(id, oldest);
}

}  // namespace

std::string record_json(const ChangeRecord& record) {
    boost::json::object view;
    view["id"] = record.id;
    view["at"] = time_text(record.at);
    view["snapshot"] = record.snapshot;
    view["event"] = record.event;
    view["name"] = record.name;
    if (!record.before.empty()) view["before"] = record.before;
    if (!record.after.empty()) view["after"] = record.after;
    view["who"] = record.who;
    view["origin"] = record.origin;
    return boost::json::serialize(view);
}

HttpReply events_reply(const std::shared_ptr<Journal>& journal, const HttpRequest& request) {
    const auto seen = since(*journal, request);
    if (!seen) return error_reply(400, seen.error().text());
    HttpReply reply;
    reply.content_type = "text/event-stream";
    const auto follow = query_value(request.query, "follow").value_or("true");
    if (follow != "true" && follow != "false") {
        return error_reply(400,
                           fmt::format("follow '{}' is not known; allowed: true, false", follow));
    }
    if (follow == "false") {
        for (auto at = *seen + 1; at <= journal->last_id(); ++at)
            append_event(reply.body, *journal->find(at));
        return reply;
    }
    if (journal->readers() >= most_event_streams) {
        return error_reply(
            503, fmt::format("{} clients listen already; allowed: no more", most_event_streams));
    }
    reply.stream = std::make_shared<EventStream>(journal, *seen);
    return reply;
}

}  // namespace fairlead::control
