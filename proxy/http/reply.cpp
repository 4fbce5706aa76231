#include "proxy/http/reply.hpp"

#include "proxy/http/head_writer.hpp"

namespace fairlead::http {

Reply make_reply(Reason reason) {
    Reply reply;
    reply.head.status = status_of(reason);
    reply.head.reason = standard_reason(reply.head.status);
    reply.body.append(std::to_string(reply.head.status)).append(" ").append(reply.head.reason);
    reply.body.append("\n").append(text_of(reason)).append("\n");
    reply.head.fields = {{"Content-Type", "text/plain; charset=utf-8"},
                         {"X-Fairlead-Reason", to_string(reason)}};
    reply.head.body = {Framing::Kind::length, reply.body.size()};
    reply.head.declared = reply.head.body;
    return reply;
}

BodyPiece content_of(Reply& reply, Method request) {
    BodyPiece piece;
    piece.is_last = true;
    if (request == Method::head) {
        reply.head.body = Framing();
    } else {
        piece.data = reply.body;
    }
    return piece;
}

}  // namespace fairlead::http
