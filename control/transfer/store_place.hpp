// Something that a store can be copied from and to: a Redis, an embedded store's folder, the API of
// a running Fairlead, or a file in the form of a /batch.
//
// Threads: any; every call blocks its caller.
#pragma once

#include "control/store/store_image.hpp"
#include "proxy/base/checked.hpp"
#include "proxy/model/config.hpp"

#include <memory>
#include <string>

namespace fairlead::control {

/// What becomes of the target's own entries.
enum class Existing {
    keep,     // as POST /batch: what has the same name is set, all else stays
    replace,  // what is not in the source goes
};

enum class PlaceRole { source, target };

class StorePlace {
public:
    virtual ~StorePlace() = default;

    /// Keys that are neither frontend nor backend are among the refused.
    virtual Checked<StoreImage> read() = 0;
    /// All of it or nothing.
    virtual Checked<> write(const StoreContents& contents, Existing existing) = 0;
    virtual bool can_be_read_again() const { return true; }
    /// For people; without its password.
    virtual std::string name() const = 0;
};

/// "-", redis://..., rediss://..., unix:/path, http://host:port, a folder (there already, or with a
/// slash at its end), else a file. `settings`: how a Redis is spoken to besides its URL. The token
/// of an API is taken from FAIRLEAD_API_TOKEN. A folder that is a source has to be there.
Checked<std::unique_ptr<StorePlace>> open_place(const std::string& text, PlaceRole role,
                                                model::ProcessSettings settings);

/// The store that the settings name.
Checked<std::unique_ptr<StorePlace>> open_configured_place(PlaceRole role,
                                                           const model::ProcessSettings& settings);

}  // namespace fairlead::control
