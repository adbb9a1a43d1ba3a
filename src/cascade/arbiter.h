// Whoever can tell more of two answers than their form does (cascade/agreement.h): the seam between what is learned and
// whoever asks embedding models and judges for it. Thread rule: from any thread; nothing waits.
// Limits: the implementation's.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "cascade/agreement.h"

namespace weir::cascade {

class Arbiter {
  public:
    struct Pair {
        std::string question, a, b;
    };

    virtual ~Arbiter() = default;

    // Whether this request, if it is a miss, is one of the share that may be asked about. Settled before anything is
    // compared, so that what is learned from is a fair sample.
    virtual bool takes_misses() const = 0;

    // False: it is not asked. Else `then` is called at most once, on a thread of the arbiter's, perhaps before ask()
    // returns; undecided where nobody knows. Of one that is about to end nothing comes.
    virtual bool ask(Pair pair, std::function<void(Agreed)> then) = 0;
};

using ArbiterPtr = std::shared_ptr<Arbiter>;

}  // namespace weir::cascade
