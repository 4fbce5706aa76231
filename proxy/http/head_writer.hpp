// Writes HTTP/1.1 heads from parsed parts: names, framing and target are ours, nothing is copied
// raw.
//
// Threads: one worker. Appends to a string whose capacity the worker keeps.
#pragma once

#include "proxy/base/text_buffer.hpp"
#include "proxy/http/forwarding.hpp"
#include "proxy/http/message.hpp"

#include <string_view>

namespace fairlead::http {

/// The request as an endpoint gets it. Its body is framed as head.body says.
void write_request_head(TextBuffer& out, const RequestHead& head, const ClientFacts& client,
                        const HeadChanges& changes);

/// How the connection goes on after a response, as said to the client.
enum class ConnectionWord : std::uint8_t { none, close, keep_alive, upgrade };

/// The response as a client gets it. `framing`: how its body is framed on this side. `edits`: the
/// route's; may be null. `cookie`: to be set; may be null.
void write_response_head(TextBuffer& out, const ResponseHead& head, const Framing& framing,
                         ConnectionWord word, const model::FieldEdits* edits = nullptr,
                         const StickyCookie* cookie = nullptr);

/// "1a2b\r\n" before a chunk's data.
void write_chunk_size(TextBuffer& out, std::size_t size);

/// What ends a chunked body: "0\r\n", trailers, an empty line.
void write_last_chunk(TextBuffer& out, const std::vector<Field>* trailers);

/// The phrase of a status that we answer with ourselves.
std::string_view standard_reason(int status) noexcept;

}  // namespace fairlead::http
