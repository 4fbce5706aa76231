#include "control/journal.hpp"

#include <utility>

namespace fairlead::control {
namespace {

void cut(std::string& text) {
    if (text.size() <= Journal::longest_text) return;
    text.resize(Journal::longest_text);
    // Not in the middle of a character.
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0U) == 0x80U)
        text.pop_back();
    if (!text.empty() && static_cast<unsigned char>(text.back()) >= 0xC0U) text.pop_back();
    text.append("...");
}

}  // namespace

Journal::Journal(aio::IoContext& io, std::size_t most, WallTime started)
    : io_(io),
      most_(most),
      next_id_(static_cast<std::uint64_t>(
          std::chrono::duration_cast<std::chrono::milliseconds>(started.time_since_epoch())
              .count())) {}

void Journal::add(ChangeRecord record) {
    record.id = next_id_++;
    for (auto* text : {&record.name, &record.before, &record.after, &record.who, &record.origin}) {
        cut(*text);
    }
    records_.push_back(std::move(record));
    if (records_.size() > most_) records_.pop_front();
}

void Journal::announce() {
    for (auto* timer : waiting_) timer->cancel();
}

const ChangeRecord* Journal::find(std::uint64_t id) const noexcept {
    if (id < first_id() || id >= next_id_) return nullptr;
    return &records_[id - first_id()];
}

aio::task<> Journal::wait(Duration patience) {
    aio::timer timer(io_);
    timer.expires_at(Clock::now() + patience);
    waiting_.insert(&timer);
    co_await timer.async_wait();
    waiting_.erase(&timer);
}

}  // namespace fairlead::control
