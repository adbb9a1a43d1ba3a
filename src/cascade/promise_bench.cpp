// How often a promise is broken, over many simulated runs whose truth is known. A run counts as broken if at any time
// it is looked at, every 250 requests, more of all answers so far were worse than promised. The truth: certain answers
// that are worse so often that serving them all costs from a half to four times the promise, and 40 % of the doubtful
// ones.
//   ninja -C build/release promise_bench && build/release/promise_bench [runs, default 1000]
#include <cstdio>
#include <cstdlib>

#include "cascade/simulated_cascade_testing.h"

using namespace weir::cascade;

int main(int argc, char** argv) {
    const int runs = argc > 1 ? std::atoi(argv[1]) : 1'000;
    std::printf("%10s %16s %6s %12s %12s %12s\n", "promise", "all served, %", "runs", "broken, %", "saved, %",
                "worse, %");
    for (const double promise : {0.02, 0.05}) {
        for (const double truth : {0.5, 0.9, 1.1, 1.5, 2.0, 4.0}) {
            int broken = 0, done = 0;
            double saved = 0, worse = 0;
            for (; done < runs / 6; ++done) {
                SimulatedTask task;
                task.tiers = {{0.05, 0.6, truth * promise / 0.6, 0.4}};
                PolicyLearner learner(options_for(task, promise));
                weir::learn::RandomBits random(static_cast<std::uint64_t>(done) * 7919 +
                                               static_cast<std::uint64_t>(truth * 100 + promise * 1e5));
                SimulatedRun run;
                bool over = false;
                while (run.requests < 3'000) {
                    play(task, learner, random, run);
                    over = over || (run.requests % 250 == 0 && run.harm() > promise);
                }
                broken += over;
                saved += run.saved();
                worse += run.harm();
            }
            std::printf("%9.0f%% %16.2f %6d %12.1f %12.1f %12.2f\n", 100 * promise, 100 * truth * promise, done,
                        100.0 * broken / done, 100 * saved / done, 100 * worse / done);
        }
    }
    return 0;
}
