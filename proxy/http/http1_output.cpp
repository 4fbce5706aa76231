#include "proxy/http/http1_output.hpp"

#include "proxy/http/head_writer.hpp"

#include <array>
#include <cstring>

namespace fairlead::http {

net::Sent Http1Output::send_head(const Framing& framing, const BodyPiece& piece, bool may_wait) {
    is_chunked_ = framing.kind == Framing::Kind::chunked;
    return send(piece, may_wait && piece.is_last);
}

net::Sent Http1Output::send_body(const BodyPiece& piece) {
    scratch_.clear();
    return send(piece, false);
}

net::Sent Http1Output::send(const BodyPiece& piece, bool may_wait) {
    std::string_view end;
    if (is_chunked_) {
        const bool has_data = !piece.data.empty();
        if (has_data) {
            write_chunk_size(scratch_, piece.data.size());
            end = "\r\n";
        }
        if (piece.is_last && piece.trailers != nullptr) {
            trailers_.clear();
            trailers_.append(end);
            write_last_chunk(trailers_, piece.trailers);
            end = trailers_.text();
        } else if (piece.is_last) {
            end = has_data ? "\r\n0\r\n\r\n" : "0\r\n\r\n";
        }
    }
    const auto head = scratch_.size();
    const bool fits_in_front = head > 0 && head <= piece.room.size() && end.empty();
    if (piece.data.size() >= unmoved_body && fits_in_front) {
        char* const begin = piece.room.data() + piece.room.size() - head;
        std::memcpy(begin, scratch_.text().data(), head);
        return transport_->write({begin, head + piece.data.size()}, {});
    }
    if (piece.data.size() <= joined_body && !scratch_.empty()) {
        scratch_.append(piece.data).append(end);
        return may_wait ? transport_->write_with_round(scratch_)
                        : transport_->write(scratch_.text(), {});
    }
    const std::array<std::string_view, 2> pieces = {piece.data, end};
    return transport_->write(scratch_.text(), pieces);
}

}  // namespace fairlead::http
