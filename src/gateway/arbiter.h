// Two answers whose form does not tell whether they agree, told apart as the cascade's `agreement:` says: by the cosine
// of their embeddings, and by a judge model where that leaves it open (or there is none). Off every caller's path.
// Thread rule: arbitrate() and make_arbiter() on the lane's reactor; what make_arbiter() gives, from any thread, for
// longer than the lane lives. Limits: comparisons of embeddings count as background calls (background.h) while they
// last; judge.h has the others.
#pragma once

#include <functional>
#include <memory>

#include "cascade/arbiter.h"
#include "gateway/judge.h"

namespace weir::gateway {

struct Arbitration {
    cascade::Agreed agreed = cascade::Agreed::undecided;
    bool by_judge = false;
    Judgement judgement;  // by_judge: what it said; asked without a word, too
};

// `call` as for judge(), but for `then` and that the plan may have no judge. False: nobody can be asked at present, and
// `then` is not called; else once, on the reactor, perhaps at once. Not called where the gateway stops.
using ArbitrationThen = std::function<void(const Arbitration& arbitration)>;
bool arbitrate(Lane& lane, JudgeCall call, ArbitrationThen then);
// With these embeddings (nullptr: none), which outlive the call.
bool arbitrate(Lane& lane, JudgeCall call, ArbitrationThen then, embed::Embedder* embedder);

// For the learner of the semantic cache: `about` without question_user and answers. nullptr where the cascade has
// nobody to ask, or the mode is one in which nothing may be spent on it (off, observe). It holds no routes: after a
// reload nothing comes of what was asked before. What a judge costs is booked with the task's audits.
cascade::ArbiterPtr make_arbiter(Lane& lane, const JudgeCall& about);

}  // namespace weir::gateway
