// The coins of a request that tiers with learned gates may take part in, chat or not: whether their ladder is climbed
// for the caller, whether they are tried beside the reference, and whether the outcome is to become known. In one
// place, since what is learned is weighed by the probabilities with which it became known.
// Thread rule: one request, one reactor.
#pragma once

#include <functional>
#include <memory>

#include "gateway/grading.h"
#include "gateway/request_life.h"

namespace weir::gateway {

// The request's place in what the course learns, with its policy of now; life's plan, row and mode are set.
std::unique_ptr<Grading> begin_grading(const RequestLife& life, std::shared_ptr<cascade::Course> course);

// How often proof is taken at present, and whether the ladder is in force.
void note_proof(const RequestLife& life, Grading& grading);

// Before the reference is asked; trial.skipped is set. True: the ladder is to be climbed for the caller.
bool toss(RequestLife& life, Grading& grading);

// Once the caller has its answer (the reference's, or that of grading.climb.trial.served): true where the outcome is to
// become known, and there is money for it; then grade(). Else the learner was told what there is to tell.
// `audit_falls`: another coin for an audit, given its probability.
bool wants_grading(RequestLife& life, Grading& grading, const std::function<bool(double share)>& audit_falls = {});

// With which probability the outcome would have become known, and what the ladder would have served: settled by coins
// and by evidence, before answers are compared.
void settle_coins(Grading& grading);

}  // namespace weir::gateway
