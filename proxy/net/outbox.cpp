#include "proxy/net/outbox.hpp"

#include "proxy/net/transport.hpp"

namespace fairlead::net {

void Outbox::hold(Transport& from, TextBuffer& message) {
    if (count_ == letters_.size()) send_all();
    auto& letter = letters_[count_++];
    letter.from = &from;
    letter.message.clear();
    letter.message.swap(message);
}

void Outbox::send_all() {
    for (std::size_t i = 0; i < count_; ++i)
        letters_[i].from->send_held(letters_[i].message.text());
    count_ = 0;
}

}  // namespace fairlead::net
