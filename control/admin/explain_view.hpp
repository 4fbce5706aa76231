// An explanation as JSON, for /explain.
//
// Threads: control.
#pragma once

#include "proxy/explanation.hpp"
#include "proxy/model/catalog.hpp"

#include <boost/json/object.hpp>

#include <vector>

namespace fairlead::control {

/// `losers`: routes that another source's takes precedence over; those of the places that the
/// request comes by are told. `wall_now` is the same moment as `now`.
boost::json::object explain_view(const Question& question, const Explanation& explanation,
                                 const std::vector<model::LosingRoute>& losers, TimePoint now,
                                 WallTime wall_now);

}  // namespace fairlead::control
