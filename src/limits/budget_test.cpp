#include "limits/budget.h"

#include <doctest/doctest.h>

#include "base/files.h"
#include "base/folder_testing.h"
#include "limits/budget_book.h"

using namespace weir;
using namespace weir::limits;

TEST_CASE("what a budget does is called as in the configuration") {
    CHECK(to_string(BudgetAction::none) == "none");
    CHECK(to_string(BudgetAction::downgrade) == "downgrade");
}

namespace {

constexpr Micros kHour = 3'600'000'000;

BudgetRules rules_of(std::string name, std::int64_t nanos) {
    BudgetRules rules;
    rules.name = std::move(name);
    rules.limit = Usd{nanos};
    rules.span = Span::hour;
    return rules;
}

std::unique_ptr<BudgetBook> open(const TemporaryFolder& folder, const Clock& clock) {
    auto book = BudgetBook::open(folder.file("budgets"), clock);
    REQUIRE(book);
    return std::move(*book);
}

BudgetHold::Verdict take(BudgetBook& book, const std::vector<Budget*>& budgets, BudgetHold& hold, std::int64_t nanos) {
    while (true) {
        const BudgetHold::Verdict verdict = hold.take(book, budgets, {Usd{nanos}, Usd{nanos}, Usd{nanos}});
        if (verdict.answer != Budget::Answer::later) return verdict;
        REQUIRE(book.write());
    }
}

void spend(BudgetBook& book, Budget& budget, std::int64_t nanos) {
    BudgetHold hold;
    REQUIRE(take(book, {&budget}, hold, nanos).answer == Budget::Answer::in);
    hold.settle(Usd{nanos});
}

}  // namespace

TEST_CASE("all of a request's budgets, or none") {
    const TemporaryFolder folder;
    const FakeClock clock;
    const auto book = open(folder, clock);
    const auto set = book->configure({rules_of("wide", 1'000'000), rules_of("narrow", 1'000)});
    Budget& wide = *set->entries[0].one;
    Budget& narrow = *set->entries[1].one;
    spend(*book, narrow, 999);
    BudgetHold one, hold;
    CHECK(take(*book, {&wide, &narrow}, one, 10).answer == Budget::Answer::in);  // nothing is over the limit yet
    const BudgetHold::Verdict verdict = take(*book, {&wide, &narrow}, hold, 10);
    CHECK(verdict.answer == Budget::Answer::busy);
    CHECK(verdict.of == &narrow);
    CHECK_FALSE(hold.holds());
    one.settle(Usd{10});
    CHECK(take(*book, {&wide, &narrow}, hold, 10).answer == Budget::Answer::spent);
    CHECK(wide.view(clock.unix_micros()).reserved == Usd{});
    CHECK(wide.view(clock.unix_micros()).spent == Usd{10});
}

TEST_CASE("a new window is empty; what was admitted in the old one is settled there") {
    const TemporaryFolder folder;
    FakeClock clock;
    const auto book = open(folder, clock);
    const auto set = book->configure({rules_of("b", 1'000)});
    Budget& budget = *set->entries[0].one;
    BudgetHold late;
    REQUIRE(take(*book, {&budget}, late, 500).answer == Budget::Answer::in);
    clock.advance(kHour);
    CHECK(budget.view(clock.unix_micros()).reserved == Usd{});
    late.settle(Usd{400});
    CHECK(budget.view(clock.unix_micros()).spent == Usd{});
    spend(*book, budget, 100);
    CHECK(budget.view(clock.unix_micros()).spent == Usd{100});
}

TEST_CASE("a rolling window gives back what is older, slot by slot, over a restart too") {
    const TemporaryFolder folder;
    FakeClock clock;
    BudgetRules rules = rules_of("b", 1'000);
    rules.rolling = true;
    {
        const auto book = open(folder, clock);
        const auto set = book->configure({rules});
        spend(*book, *set->entries[0].one, 300);
        clock.advance(kHour / 2);
        spend(*book, *set->entries[0].one, 200);
    }
    const auto book = open(folder, clock);
    const auto set = book->configure({rules});
    Budget& budget = *set->entries[0].one;
    CHECK(budget.view(clock.unix_micros()).spent == Usd{500});
    clock.advance(kHour / 2 - 1'000'000);
    CHECK(budget.view(clock.unix_micros()).spent == Usd{500});
    clock.advance(kHour / 20);
    CHECK(budget.view(clock.unix_micros()).spent == Usd{200});
    clock.advance(kHour);
    CHECK(budget.view(clock.unix_micros()).spent == Usd{});
}

TEST_CASE("a reload keeps what was spent, and so does being taken out for a while") {
    const TemporaryFolder folder;
    const FakeClock clock;
    auto book = open(folder, clock);
    auto set = book->configure({rules_of("b", 1'000)});
    spend(*book, *set->entries[0].one, 300);
    set = book->configure({rules_of("b", 5'000)});
    CHECK(set->entries[0].one->view(clock.unix_micros()).spent == Usd{300});
    CHECK(set->entries[0].one->limit() == 5'000);
    CHECK(book->configure({}) == nullptr);
    book.reset();
    book = open(folder, clock);
    CHECK(book->configure({rules_of("other", 1)}) != nullptr);
    set = book->configure({rules_of("b", 1'000)});
    CHECK(set->entries[0].one->view(clock.unix_micros()).spent == Usd{300});
}

TEST_CASE("a stream asks for more until there is none; where none of its budgets without room cuts, it goes on") {
    const TemporaryFolder folder;
    const FakeClock clock;
    const auto book = open(folder, clock);
    BudgetRules cutting = rules_of("cutting", 1'000), small = rules_of("small", 500);
    cutting.cut = true;
    const auto set = book->configure({small, cutting});
    BudgetHold hold;
    REQUIRE(take(*book, {set->entries[0].one, set->entries[1].one}, hold, 100).answer == Budget::Answer::in);
    CHECK(hold.cuts());
    std::int64_t cost = 100;
    while (cost < 10'000 && hold.grow(Usd{cost})) ++cost;
    CHECK(cost >= 950);
    CHECK(cost <= 1'101);
    hold.settle(Usd{5'000});
    CHECK(set->entries[0].one->view(clock.unix_micros()).spent == Usd{5'000});
    CHECK(set->entries[1].one->view(clock.unix_micros()).spent == Usd{5'000});
}

TEST_CASE("one odd request says no more on the disk than the limit, and that no longer than it is there") {
    const TemporaryFolder folder;
    const FakeClock clock;
    const auto book = open(folder, clock);
    const auto set = book->configure({rules_of("b", 10'000)});
    Budget& budget = *set->entries[0].one;
    {
        BudgetHold hold;
        REQUIRE(take(*book, {&budget}, hold, 5'000'000).answer == Budget::Answer::in);
        const auto records = load_budgets(folder.file("budgets"));
        REQUIRE(records);
        CHECK(records->front().charged <= 20'000);
        hold.settle(Usd{10});
    }
    for (int i = 0; i < 60; ++i) {
        spend(*book, budget, 10);
        REQUIRE(book->write(Budget::Leasing::rest));
    }
    CHECK(load_budgets(folder.file("budgets"))->front().charged < 1'300);
}

TEST_CASE("claims beyond all bounds are as large as any, and wrap around nothing") {
    const TemporaryFolder folder;
    const FakeClock clock;
    const auto book = open(folder, clock);
    BudgetRules soft = rules_of("soft", 1'000'000);
    soft.hard = false;
    const auto set = book->configure({rules_of("hard", 1'000'000), soft});
    constexpr std::int64_t kHuge = INT64_MAX;
    {
        BudgetHold first, second;
        REQUIRE(take(*book, {set->entries[0].one}, first, kHuge).answer == Budget::Answer::in);
        CHECK(take(*book, {set->entries[0].one}, second, kHuge).answer == Budget::Answer::busy);
        CHECK(take(*book, {set->entries[0].one}, second, 1).answer == Budget::Answer::busy);
        first.settle(Usd{10});
    }
    std::vector<std::unique_ptr<BudgetHold>> many;
    for (int i = 0; i < 1'000; ++i) {
        many.push_back(std::make_unique<BudgetHold>());
        REQUIRE(take(*book, {set->entries[1].one}, *many.back(), kHuge).answer == Budget::Answer::in);
    }
    for (const auto& hold : many) hold->settle(Usd{1});
    for (const BudgetSet::Entry& entry : set->entries) {
        const Budget::View view = entry.one->view(clock.unix_micros());
        CHECK(view.reserved == Usd{});
        CHECK(view.spent == Usd{entry.rules.hard ? 10 : 1'000});
    }
}

TEST_CASE("of one for each, what was never spent or is over takes no room in the file") {
    const TemporaryFolder folder;
    FakeClock clock;
    BudgetRules each = rules_of("each", 1'000'000);
    each.of = BudgetOf::key;
    each.each = true;
    const auto lines = [&] { return load_budgets(folder.file("budgets"))->size(); };
    {
        const auto book = open(folder, clock);
        REQUIRE(book->configure({each}));
        for (int i = 0; i < 100; ++i) spend(*book, book->instance(each, std::to_string(i)), i % 2);
        REQUIRE(book->write(Budget::Leasing::rest));
        CHECK(lines() == 50);
    }
    CHECK(lines() == 50);
    const auto again = open(folder, clock);
    REQUIRE(again->configure({each}));
    REQUIRE(again->write());
    CHECK(lines() == 50);
    CHECK(again->instance(each, "1").view(clock.unix_micros()).spent == Usd{1});
    clock.advance(3'700'000'000);
    REQUIRE(again->write(Budget::Leasing::rest));
    CHECK(lines() == 0);
    CHECK(again->instance(each, "3").view(clock.unix_micros()).spent == Usd{});
}

TEST_CASE("whose budget it is") {
    const TemporaryFolder folder;
    const FakeClock clock;
    const auto book = open(folder, clock);
    BudgetRules tenant = rules_of("tenant", 1), each = rules_of("each", 1), model = rules_of("model", 1);
    tenant.of = BudgetOf::tenant;
    tenant.whose = "acme";
    each.of = BudgetOf::key;
    each.each = true;
    model.of = BudgetOf::model;
    model.whose = "*/gpt-4*";
    BudgetFinder finder;
    finder.use(book->configure({tenant, each, model}));
    const auto names = [&](const BudgetFinder::Spender& who) {
        std::string text;
        for (const Budget* const one : finder.find(who)) text += one->name() + ":" + one->instance() + " ";
        return text;
    };
    CHECK(names({"acme", "k1", "", "", "gpt-4o", "openai/gpt-4o", 1}) == "tenant: each:k1 model: ");
    CHECK(names({"birch", "k2", "", "", "small", "local/small", 1}) == "each:k2 ");
    CHECK(names({"birch", "", "", "", "small", "local/small", 1}).empty());
}

TEST_CASE("a key by its id or by its name, a model by either name") {
    const TemporaryFolder folder;
    const FakeClock clock;
    const auto book = open(folder, clock);
    BudgetRules id = rules_of("id", 1), name = rules_of("name", 1), model = rules_of("model", 1);
    id.of = name.of = BudgetOf::key;
    id.whose = "k1";
    name.whose = "ci";
    model.of = BudgetOf::model;
    model.whose = "smart*";
    BudgetFinder finder;
    finder.use(book->configure({id, name, model}));
    const auto count = [&](const BudgetFinder::Spender& who) { return finder.find(who).size(); };
    CHECK(count({"t", "k1", "ci", "", "smart-alias", "openai/gpt-4o", 1}) == 3);
    CHECK(count({"t", "k2", "ci", "", "gpt-4o", "openai/gpt-4o", 1}) == 1);
    CHECK(count({"t", "k1", "", "", "gpt-4o", "openai/gpt-4o", 1}) == 1);
    CHECK(count({"t", "", "", "", "", "openai/gpt-4o", 1}) == 0);
}

TEST_CASE("who may cost more than is left is let in alone, and takes all of it") {
    const TemporaryFolder folder;
    const FakeClock clock;
    const auto book = open(folder, clock);
    const auto set = book->configure({rules_of("b", 1'000)});
    Budget& budget = *set->entries[0].one;
    const auto ask = [&](BudgetHold& hold, std::int64_t reserve, std::int64_t stake) {
        while (true) {
            const auto answer = hold.take(*book, {&budget}, {Usd{reserve}, Usd{stake}, Usd{stake}}).answer;
            if (answer != Budget::Answer::later) return answer;
            REQUIRE(book->write());
        }
    };
    BudgetHold dear, second, free;
    CHECK(ask(dear, 10, 5'000) == Budget::Answer::in);
    CHECK(ask(second, 10, 10) == Budget::Answer::busy);
    CHECK(ask(free, 0, 0) == Budget::Answer::in);  // costs nothing
    dear.settle(Usd{949});
    CHECK(ask(second, 10, 5'000) == Budget::Answer::in);  // free ones are in nobody's way
    second.settle(Usd{1});
    CHECK(ask(dear, 10, 5'000) == Budget::Answer::spent);  // too little is left for it
    CHECK(ask(second, 10, 50) == Budget::Answer::in);
    CHECK(ask(dear, 10, 50) == Budget::Answer::busy);
    second.settle(Usd{50});
    CHECK(ask(dear, 10, 10) == Budget::Answer::spent);
    free.settle(Usd{0});
    CHECK(ask(free, 0, 0) == Budget::Answer::spent);
}

TEST_CASE("a stream that is alone is cut a reserve beyond the limit; what it came to is charged meanwhile") {
    const TemporaryFolder folder;
    const FakeClock clock;
    const auto book = open(folder, clock);
    BudgetRules rules = rules_of("b", 1'000);
    rules.cut = true;
    const auto set = book->configure({rules});
    Budget& budget = *set->entries[0].one;
    spend(*book, budget, 300);
    BudgetHold hold;
    Budget::Answer answer = Budget::Answer::later;
    while (answer == Budget::Answer::later) {
        REQUIRE(book->write());
        answer = hold.take(*book, {&budget}, {Usd{100}, Usd{5'000}, Usd{5'000}}).answer;
    }
    REQUIRE(answer == Budget::Answer::in);
    std::int64_t cost = 100;
    while (cost < 10'000 && hold.grow(Usd{cost})) ++cost;
    CHECK(cost == 801);
    const Budget::View view = budget.view(clock.unix_micros());
    CHECK(view.reserved.nanos >= 800);
    CHECK(view.reserved.nanos <= 826);
    hold.settle_unknown();
    CHECK(budget.view(clock.unix_micros()).spent.nanos >= 1'100);
    CHECK(budget.view(clock.unix_micros()).reserved == Usd{});
}

TEST_CASE("who wants several budgets gets them, though each has too short a lease") {
    const TemporaryFolder folder;
    const FakeClock clock;
    const auto book = open(folder, clock);
    const auto set = book->configure({rules_of("a", 100), rules_of("b", 100), rules_of("c", 100)});
    const std::vector<Budget*> all{set->entries[0].one, set->entries[1].one, set->entries[2].one};
    BudgetHold hold;
    int tries = 0;
    while (hold.take(*book, all, {Usd{5'000}, Usd{5'000}, Usd{5'000}}).answer == Budget::Answer::later &&
           ++tries < 10) {
        REQUIRE(book->write());
    }
    CHECK(tries == 3);
    CHECK(hold.holds());
}

TEST_CASE("at rest no more than a 200th is leased, however dear requests are") {
    const TemporaryFolder folder;
    const FakeClock clock;
    auto book = open(folder, clock);
    auto set = book->configure({rules_of("b", 1'000)});
    spend(*book, *set->entries[0].one, 400);
    REQUIRE(book->write(Budget::Leasing::rest));
    const std::string text = *read_file(folder.file("budgets"), kMostBudgetFileBytes);
    book.reset();
    REQUIRE(write_file(folder.file("budgets"), text));  // as a kill leaves it
    book = open(folder, clock);
    set = book->configure({rules_of("b", 1'000)});
    CHECK(set->entries[0].one->view(clock.unix_micros()).spent == Usd{405});
}

TEST_CASE("the file: what is not exactly what was written is refused") {
    const std::vector<BudgetRecord> records{{"b", "", 5, 7, {}}, {"b", "a\"cme", 5, 7, {{1, 2}, {3, 4}}}};
    const std::string text = render_budget_file(records);
    const auto read = parse_budget_file(text);
    REQUIRE(read);
    CHECK(*read == records);
    for (std::size_t i = 0; i < text.size(); ++i) {
        CHECK_FALSE(parse_budget_file(text.substr(0, i)));
        std::string other = text;
        other[i] = static_cast<char>(other[i] ^ 1);
        CHECK_FALSE(parse_budget_file(other));
    }
    const TemporaryFolder folder;
    const FakeClock clock;
    REQUIRE(write_file(folder.file("budgets"), "damaged"));
    CHECK_FALSE(BudgetBook::open(folder.file("budgets"), clock));
}
