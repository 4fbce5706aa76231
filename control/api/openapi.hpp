// GET /openapi.json: the rows of the Redx-compatible API as an OpenAPI 3.0 document.
//
// Threads: any (pure).
#pragma once

#include "control/http_server.hpp"

namespace fairlead::control {

HttpReply openapi_document();

}  // namespace fairlead::control
