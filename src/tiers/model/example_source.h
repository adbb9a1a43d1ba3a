// What a model tier is shown of the reference's earlier answers: the nearest examples of the same tenant, reference,
// task, instruction and form, as turns before the caller's question, the most similar one last, next to it.
// Which: the most similar first, as many as are wanted and have room; where answers are labels (ExampleIndex::
// has_labels) at most half of them, rounded up, may say the same, as long as there are similar ones that say something
// else: small models repeat what stands before them most often (Zhao et al., 2021, "majority label bias").
// Thread rule: any thread; made for one tier of one plan. Limits: questions of kMostExamplePromptBytes; those of
// Showing.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "store/example_store.h"
#include "tiers/model/example_shelf.h"
#include "tiers/model/gathering.h"
#include "tiers/tier.h"

namespace weir::tiers {

// What showing it takes of Showing::most_tokens.
std::size_t tokens_of(const ExampleIndex::Entry& entry);

// Which are shown of the `near` ones (ExampleIndex::nearest()): in the order in which they are shown.
std::vector<ExampleIndex::Near> chosen(const ExampleIndex& index, std::span<const ExampleIndex::Near> near,
                                       const Showing& showing);

class ExampleSource {
  public:
    // `rules`: what examples are kept by. The shelf outlives this.
    ExampleSource(const ExampleShelf& shelf, std::shared_ptr<const store::ExampleRules> rules, const Showing& showing)
        : shelf_(shelf), rules_(std::move(rules)), showing_(showing) {}

    struct Shown {
        std::string body;      // the caller's, with the examples; empty: there are none to show
        std::string why;       // how many, or why there are none, in a few words
        bool not_yet = false;  // nothing is indexed of what it asks for, up to now
    };
    // From those alone that were there before the Unix time `before`.
    Shown show(const Question& question, Micros before) const;

  private:
    const ExampleShelf& shelf_;
    const std::shared_ptr<const store::ExampleRules> rules_;
    const Showing showing_;
};

}  // namespace weir::tiers
