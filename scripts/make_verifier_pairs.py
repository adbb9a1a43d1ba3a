#!/usr/bin/env python3
"""Makes the labelled pairs that the shipped verifier is trained on: TSV `id text_a text_b label`, 1 = same answer.

  scripts/make_verifier_pairs.py OUT [--seed 1] [--pairs 16000]

Everything comes from the word lists and wordings below, written for this purpose; no data set is used. A domain has intents,
an intent several wordings that ask exactly the same, and slots. Same answer: two wordings of an intent with the same slots,
perhaps with politeness, filler, typing slips. Not the same: another intent about the same thing, a slot changed, or an edit
that changes what is asked (negation, numbers, before/after, roles, direction, comparison, ...).
Ids are `domain:number`, so that training can hold whole domains out.
"""
import argparse
import random

# domain: (slots, intents); an intent is a list of wordings. Wordings of one intent have the same answer, any two intents
# of a domain have different ones.
DOMAINS = {
    "cooking": ({"dish": "lentil soup|pancakes|fried rice|banana bread|beef stew|tomato sauce|apple pie|roast chicken|"
                         "hummus|risotto|meatballs|onion soup|carrot cake|scrambled eggs|pumpkin curry"}, [
        ["how do i make {dish}", "what is the way to make {dish}", "how can i prepare {dish}", "recipe for {dish}",
         "give me a recipe for {dish}", "how do you cook {dish}", "what are the steps to make {dish}"],
        ["how long does {dish} keep in the fridge", "for how long can i keep {dish} in the refrigerator",
         "how many days does {dish} last in the fridge", "how long is {dish} good in the fridge"],
        ["how many calories are in {dish}", "what is the calorie count of {dish}", "how many calories does {dish} have",
         "calories in {dish}"],
        ["can i freeze {dish}", "is it possible to freeze {dish}", "does {dish} freeze well", "is {dish} suitable for freezing"],
        ["what should i serve with {dish}", "what goes well with {dish}", "which side dishes go with {dish}",
         "what can i serve alongside {dish}"],
        ["how do i make {dish} without salt", "recipe for {dish} that uses no salt", "how can i cook {dish} without any salt"],
        ["where can i order {dish}", "which place delivers {dish}", "where do i get {dish} delivered"],
        ["why is my {dish} too watery", "what makes my {dish} so watery", "why does my {dish} turn out too thin"],
        ["how do i thicken {dish}", "what can i do to make {dish} thicker", "how can {dish} be thickened"],
    ]),
    "banking": ({"thing": "debit card|credit card|savings account|business account|joint account|student account|travel card|"
                          "virtual card|overdraft|mortgage"}, [
        ["how do i open a {thing}", "what do i need to do to open a {thing}", "i want to open a {thing}, how does it work",
         "what are the steps for opening a {thing}"],
        ["how do i close my {thing}", "i would like to close my {thing}", "what must i do to close the {thing} i have",
         "how can i get rid of my {thing}"],
        ["what are the fees for a {thing}", "how much does a {thing} cost", "what do you charge for a {thing}",
         "is there a charge for a {thing} and how much is it"],
        ["how long does it take to get a {thing}", "when will i receive my new {thing}", "how many days until i get my {thing}"],
        ["what is the limit of my {thing}", "how high is the limit on my {thing}", "tell me my {thing} limit"],
        ["how do i raise the limit of my {thing}", "can i get a higher limit on my {thing}", "i need to increase the limit of my {thing}"],
        ["my {thing} does not work", "why is my {thing} not working", "there is a problem with my {thing}, it stopped working"],
        ["who can apply for a {thing}", "am i eligible for a {thing}", "which customers may get a {thing}"],
        ["can i have two of the {thing}", "is it allowed to have a second {thing}", "may i get another {thing} besides the one i have"],
    ]),
    "travel": ({"city": "lisbon|oslo|kyoto|nairobi|quito|hanoi|prague|montreal|cairo|lima|dublin|athens|seoul|bergen|tunis"}, [
        ["what is the best time to visit {city}", "when is the best time to go to {city}", "which season is best for a trip to {city}",
         "when should i travel to {city}"],
        ["how many days do i need in {city}", "how long should i stay in {city}", "how many days are enough for {city}"],
        ["is {city} safe for tourists", "how safe is {city} for visitors", "is it safe to travel to {city}"],
        ["what is the cheapest way to get to {city}", "how do i get to {city} for the least money",
         "which is the most affordable way of travelling to {city}"],
        ["what are the must see places in {city}", "which sights should i see in {city}", "what are the top attractions in {city}",
         "what is worth seeing in {city}"],
        ["what should i eat in {city}", "which local food should i try in {city}", "what are the dishes to try in {city}"],
        ["do i need a visa for {city}", "is a visa required to visit {city}", "must i get a visa to travel to {city}"],
        ["what is the weather like in {city} in winter", "how is the winter weather in {city}", "how cold is {city} in winter"],
        ["what is the weather like in {city} in summer", "how is the summer weather in {city}", "how hot does {city} get in summer"],
        ["how do i get from the airport to the centre of {city}", "what is the way from the airport into {city}",
         "airport to city centre transport in {city}"],
        ["how expensive is a hotel in {city}", "what does a hotel room cost in {city}", "hotel prices in {city}"],
    ]),
    "python": ({"thing": "list|dictionary|set|tuple|string|generator|data frame|queue"}, [
        ["how do i sort a {thing} in python", "what is the way to sort a {thing} in python", "sorting a {thing} in python",
         "python: how can i put a {thing} in order"],
        ["how do i reverse a {thing} in python", "what is the way to reverse a {thing} in python", "reversing a {thing} with python"],
        ["how do i copy a {thing} in python", "what is the right way to copy a {thing} in python", "make a copy of a {thing} in python"],
        ["how do i check if a {thing} is empty in python", "what is the way to test whether a {thing} is empty in python",
         "python check for an empty {thing}"],
        ["how do i get the length of a {thing} in python", "find the number of items in a {thing} in python",
         "what is the way to count the items of a {thing} in python"],
        ["how do i remove duplicates from a {thing} in python", "what is the way to drop duplicates from a {thing} in python",
         "delete repeated items from a {thing} in python"],
        ["how do i convert a {thing} to json in python", "turn a {thing} into json with python", "serialise a {thing} to json in python"],
        ["how do i parse json into a {thing} in python", "turn json into a {thing} with python", "load json as a {thing} in python"],
        ["what is the difference between a {thing} and an array in python", "how does a {thing} differ from an array in python",
         "python {thing} compared with array"],
        ["why is my {thing} so slow in python", "what makes a {thing} slow in python", "reasons for a slow {thing} in python"],
    ]),
    "health": ({"ill": "a migraine|a sore throat|back pain|hay fever|a sprained ankle|insomnia|heartburn|a cold|dry skin|a nosebleed|"
                       "sunburn|muscle cramps|anemia|asthma"}, [
        ["what helps against {ill}", "what can i do about {ill}", "how do i treat {ill}", "what is a good treatment for {ill}",
         "how can {ill} be treated"],
        ["what causes {ill}", "why do people get {ill}", "what are the causes of {ill}", "where does {ill} come from"],
        ["how can i prevent {ill}", "what can i do to avoid {ill}", "how do i keep from getting {ill}", "prevention of {ill}"],
        ["how long does {ill} last", "what is the usual duration of {ill}", "how many days does {ill} take to go away"],
        ["what are the symptoms of {ill}", "how do i recognise {ill}", "which signs point to {ill}", "what are the signs of {ill}"],
        ["is {ill} dangerous", "can {ill} be dangerous", "should i be worried about {ill}"],
        ["can i exercise with {ill}", "is it fine to do sports with {ill}", "may i work out when i have {ill}"],
        ["when should i see a doctor about {ill}", "at what point does {ill} need a doctor", "when is {ill} a reason to go to the doctor"],
        ["can children get {ill}", "does {ill} happen in children", "is it possible for a child to have {ill}"],
    ]),
    "support": ({"app": "the mobile app|the web portal|the desktop client|the dashboard|the online shop|the booking system|"
                        "the mail program|the payroll tool"}, [
        ["how do i reset my password in {app}", "i forgot my password for {app}, what now", "what do i do to get a new password for {app}",
         "reset the password of {app}"],
        ["how do i change my email address in {app}", "where can i update my email in {app}", "i want another email address in {app}"],
        ["how do i delete my account in {app}", "i want to remove my account from {app}", "what is the way to delete an account in {app}"],
        ["why does {app} keep crashing", "{app} crashes all the time, why", "what is the reason that {app} crashes so often"],
        ["how do i turn on notifications in {app}", "where can i enable notifications in {app}", "switch on the notifications of {app}"],
        ["how do i turn off notifications in {app}", "where can i disable notifications in {app}", "switch off the notifications of {app}"],
        ["how do i export my data from {app}", "what is the way to download my data from {app}", "get all my data out of {app}"],
        ["how do i import data into {app}", "what is the way to upload my data to {app}", "bring my data into {app}"],
        ["how do i invite a colleague to {app}", "where can i add another user to {app}", "give a colleague access to {app}"],
        ["does {app} work offline", "can i use {app} without an internet connection", "is it possible to use {app} offline"],
        ["which languages does {app} support", "in what languages is {app} available", "what languages can {app} be used in"],
        ["how much does {app} cost", "what is the price of {app}", "what do i have to pay for {app}"],
    ]),
    "science": ({"thing": "a black hole|photosynthesis|a volcano|lightning|gravity|an atom|the ozone layer|a glacier|a virus|a magnet|"
                          "friction|an earthquake|a rainbow|inertia"}, [
        ["what is {thing}", "what do we mean by {thing}", "explain {thing}", "can you explain what {thing} is", "define {thing}"],
        ["who discovered {thing}", "which scientist discovered {thing}", "who was the first to describe {thing}"],
        ["why is {thing} important", "what makes {thing} important", "why does {thing} matter"],
        ["how is {thing} measured", "what is the way to measure {thing}", "with what do scientists measure {thing}"],
        ["what is an example of {thing}", "give an example of {thing}", "can you name one example of {thing}"],
        ["what are common myths about {thing}", "what do people get wrong about {thing}", "which misconceptions are there about {thing}"],
        ["what are the effects of {thing}", "what does {thing} cause", "which effects does {thing} have"],
        ["how do i explain {thing} to a child", "what is an easy way to tell a child about {thing}", "explain {thing} for kids"],
        ["which experiment shows {thing}", "how can i demonstrate {thing} in class", "what experiment demonstrates {thing}"],
    ]),
    "work": ({"job": "a nurse|a carpenter|a pilot|an architect|a translator|a data analyst|a plumber|a teacher|a lawyer|a chef|an actuary|"
                     "a librarian"}, [
        ["how do i become {job}", "what do i have to do to become {job}", "what is the path to becoming {job}", "steps to become {job}"],
        ["how much does {job} earn", "what is the salary of {job}", "what does {job} make in a year", "how well is {job} paid"],
        ["what does {job} do", "what are the duties of {job}", "which tasks does {job} have", "what is the job of {job}"],
        ["which skills does {job} need", "what skills are needed to work as {job}", "what must {job} be good at"],
        ["how many hours does {job} work", "what are the working hours of {job}", "how long is the working week of {job}"],
        ["is it hard to be {job}", "how difficult is it to work as {job}", "how demanding is life as {job}"],
        ["what should i ask {job} in an interview", "which interview questions suit {job}", "questions for interviewing {job}"],
        ["where can {job} find work", "who hires {job}", "which companies employ {job}"],
        ["how long does it take to become {job}", "how many years until one is {job}", "how much time does training as {job} take"],
    ]),
    "learning": ({"skill": "chess|the guitar|swedish|calculus|typing|sign language|photography|swimming|public speaking|woodworking|juggling|"
                           "statistics"}, [
        ["how do i learn {skill}", "what is the best way to learn {skill}", "how can i get started with {skill}", "how should i go about learning {skill}"],
        ["how long does it take to learn {skill}", "how much time do i need to learn {skill}", "in what time can one learn {skill}"],
        ["what is a good book about {skill}", "which book on {skill} is worth reading", "recommend a book about {skill}"],
        ["how do i teach {skill}", "what is a good way of teaching {skill}", "how can i teach others {skill}"],
        ["is {skill} hard to learn", "how difficult is {skill} to learn", "is it difficult to learn {skill}"],
        ["why should i learn {skill}", "what are the benefits of learning {skill}", "what do i get out of learning {skill}"],
        ["what are the best free courses for {skill}", "where can i take a free {skill} course", "which free courses teach {skill}"],
        ["how often should i practise {skill}", "how much practice does {skill} need each week", "how many times a week should i practise {skill}"],
        ["what mistakes do beginners make in {skill}", "what are common beginner mistakes in {skill}", "which errors do newcomers to {skill} make"],
    ]),
    "shopping": ({"item": "running shoes|a tent|a blender|headphones|a winter coat|an office chair|a bicycle|a mattress|a suitcase|a monitor|"
                          "a vacuum cleaner"}, [
        ["what should i look for when buying {item}", "how do i choose {item}", "what matters when picking {item}", "tips for choosing {item}"],
        ["can i return {item}", "is it possible to send back {item}", "do you take back {item}", "what is the return policy for {item}"],
        ["how much should i spend on {item}", "what is a reasonable price for {item}", "what does decent quality cost for {item}"],
        ["how long will {item} last", "what is the lifetime of {item}", "how many years can i use {item}"],
        ["how do i clean {item}", "what is the right way to clean {item}", "how should {item} be cleaned"],
        ["when will {item} be in stock", "when can i buy {item} again", "when do you get {item} back in stock"],
        ["do you deliver {item} abroad", "can {item} be shipped to another country", "is international shipping available for {item}"],
        ["where is my order of {item}", "track my order of {item}", "what is the status of my {item} order"],
        ["i want to cancel my order of {item}", "how do i cancel the {item} i ordered", "please cancel the order for {item}"],
        ["is there a warranty on {item}", "does {item} come with a warranty", "how about a guarantee for {item}"],
    ]),
    "home": ({"thing": "the kitchen sink|a wooden floor|the bathroom tiles|a leaking tap|a squeaky door|the gutter|a cracked wall|the radiator|"
                       "the window frames"}, [
        ["how do i fix {thing}", "how can i repair {thing}", "what do i do to repair {thing}", "repairing {thing}"],
        ["how do i paint {thing}", "what is the right way to paint {thing}", "painting {thing}"],
        ["how much does it cost to replace {thing}", "what will replacing {thing} cost", "price of replacing {thing}"],
        ["which tools do i need for {thing}", "what tools are needed to work on {thing}", "tools for {thing}"],
        ["who do i call about {thing}", "which tradesman takes care of {thing}", "whom should i hire for {thing}"],
        ["how do i clean {thing}", "what is a good way to clean {thing}", "how should i go about cleaning {thing}"],
        ["does insurance cover {thing}", "will my insurance pay for {thing}", "is {thing} covered by home insurance"],
        ["how often should {thing} be checked", "how frequently must i check {thing}", "what is the interval for checking {thing}"],
    ]),
    "history": ({"what": "the printing press|the steam engine|the bicycle|paper money|the telescope|the compass|vaccination|the zipper|radio|"
                         "the elevator"}, [
        ["who invented {what}", "who was the inventor of {what}", "who came up with {what}", "which person invented {what}"],
        ["when was {what} invented", "in which year was {what} invented", "what is the date of the invention of {what}"],
        ["where was {what} invented", "in which country was {what} invented", "what place did {what} come from"],
        ["how did {what} change society", "what effect did {what} have on society", "in what way was society changed by {what}"],
        ["how does {what} work", "what is the principle behind {what}", "explain the way {what} works"],
        ["what was used before {what}", "what did people use before {what} existed", "what came before {what}"],
        ["what replaced {what}", "what came after {what}", "which thing took the place of {what}"],
        ["how was {what} received at first", "what did people first think of {what}", "what were the first reactions to {what}"],
    ]),
    "office": ({"doc": "the quarterly report|my travel expenses|the holiday request|an invoice|the meeting notes|a purchase order|"
                       "the sick note|the time sheet"}, [
        ["how do i submit {doc}", "where do i hand in {doc}", "what is the way to submit {doc}", "to whom do i send {doc}"],
        ["by when must {doc} be submitted", "what is the deadline for {doc}", "when is {doc} due"],
        ["who approves {doc}", "whose approval does {doc} need", "who has to sign off {doc}"],
        ["how do i correct {doc}", "what if there is a mistake in {doc}", "how can i fix an error in {doc}"],
        ["where can i find {doc}", "where is {doc} stored", "in which folder is {doc}"],
        ["is there a template for {doc}", "do we have a form for {doc}", "where is the template of {doc}"],
        ["why was {doc} rejected", "what was the reason for rejecting {doc}", "why did they turn down {doc}"],
        ["how long is {doc} kept", "for how many years do we keep {doc}", "what is the retention time of {doc}"],
    ]),
    "garden": ({"plant": "tomatoes|roses|basil|lavender|strawberries|an orchid|a lemon tree|potatoes|tulips|a cactus|mint"}, [
        ["how often should i water {plant}", "how much water do {plant} need", "what is the right watering for {plant}",
         "how frequently must {plant} be watered"],
        ["when should i plant {plant}", "what is the right time to plant {plant}", "in which month do i plant {plant}"],
        ["when do i harvest or cut {plant}", "at what time are {plant} cut or harvested", "when are {plant} ready to be cut"],
        ["how much sun do {plant} need", "how much light is right for {plant}", "do {plant} need full sun"],
        ["why are the leaves of {plant} turning yellow", "what makes the leaves of {plant} yellow", "yellow leaves on {plant}, what is the reason"],
        ["can {plant} grow in a pot", "is it possible to keep {plant} in a container", "do {plant} do well in pots"],
        ["how do i protect {plant} from frost", "what keeps {plant} safe in frost", "how can i get {plant} through the winter"],
        ["how do i get rid of aphids on {plant}", "what helps against aphids on {plant}", "remove aphids from {plant}"],
        ["what is the best fertiliser for {plant}", "which fertiliser do {plant} like", "with what should i feed {plant}"],
    ]),
    "people": ({"who": "my neighbour|my boss|my sister|a friend|my teacher|my son|a customer|my roommate"}, [
        ["how do i apologise to {who}", "what is a good way to say sorry to {who}", "how can i make an apology to {who}"],
        ["how do i say no to {who}", "what is a polite way to refuse {who}", "how can i turn down {who} politely"],
        ["what should i give {who} as a present", "what is a good gift for {who}", "gift ideas for {who}"],
        ["how do i tell {who} that i am moving", "what is the way to break the news of my move to {who}", "how can i let {who} know that i move away"],
        ["how do i stop arguing with {who}", "what can i do so that {who} and i argue less", "how can i get along with {who}"],
        ["why does {who} ignore me", "what is the reason that {who} ignores me", "for what reason am i ignored by {who}"],
        ["how do i thank {who}", "what is a good way of thanking {who}", "how can i show {who} that i am grateful"],
        ["should i lend money to {who}", "is it a good idea to lend {who} money", "would you lend {who} money"],
    ]),
    "devices": ({"device": "my laptop|my phone|the printer|my tablet|the router|my smart watch|the projector|my camera"}, [
        ["why does {device} get so hot", "what makes {device} overheat", "{device} gets very hot, why", "reasons for {device} overheating"],
        ["how do i restart {device}", "what is the way to reboot {device}", "how can i reboot {device}"],
        ["how do i update {device}", "what is the way to install updates on {device}", "how can i get the newest software on {device}"],
        ["why is {device} so slow", "what makes {device} slow", "{device} has become slow, what is the reason"],
        ["how do i make {device} faster", "what can i do to speed up {device}", "how can i improve the speed of {device}"],
        ["how do i connect {device} to the wifi", "what is the way to get {device} onto the wireless network", "connecting {device} with wifi"],
        ["how do i disconnect {device} from the wifi", "what is the way to take {device} off the wireless network", "disconnecting {device} from wifi"],
        ["how much is {device} worth", "what can i get for {device} if i sell it", "for how much could i sell {device}"],
        ["can {device} be repaired", "is it possible to repair {device}", "is {device} repairable"],
        ["how do i erase {device}", "what is the way to wipe {device}", "how can i delete everything from {device}"],
    ]),
}

# What people ask about anything: the same question in many frames, and the frames that make another question of it.
# kind: (slots, {question: [frames]}); each question has another answer, all frames of one have the same.
FRAMES = {
    "goal": ({"do": "stop biting my nails/quit biting my nails/give up biting my nails|improve my handwriting/get better at handwriting/"
                    "make my handwriting better|get over stage fright/overcome stage fright/beat stage fright|earn money with drawings/"
                    "make money from drawings/get paid for drawings|recover deleted contacts/get back deleted contacts/restore deleted contacts|"
                    "prepare for the driving test/get ready for the driving test/study for the driving test|join the rowing club/become a "
                    "member of the rowing club/get into the rowing club|sleep through the night/stay asleep all night|train a puppy/teach a "
                    "puppy to obey|fall asleep faster/get to sleep more quickly|save money on heating/spend less on heating/lower my heating "
                    "costs|speak in front of a class/talk to a class without fear|sell my old furniture/get rid of my old furniture for "
                    "money|find a job as a welder/get hired as a welder/get work as a welder|impress my new boss/make a good impression on "
                    "my new boss|control my temper/keep my temper under control/manage my temper|grow taller/get taller|remember names/"
                    "keep names in mind|reach more readers/get more readers|write a cover letter/compose a cover letter"}, {
        "way": ["how do i {do}", "how can i {do}", "how to {do}", "how should i {do}", "what is the best way to {do}", "what are some ways to {do}",
                "what can i do to {do}", "what should i do to {do}", "how can one {do}", "what are good ways to {do}", "how could i {do}",
                "i want to {do}, what should i do", "what is the easiest way to {do}", "ways to {do}", "how do you {do}", "what helps to {do}",
                "what are the best ways to {do}", "any tips on how to {do}"],
        "why": ["why should i {do}", "what is the point if i {do}", "what do i get out of it if i {do}"],
        "when": ["when should i {do}", "what is the right time to {do}"],
        "time": ["how long does it take to {do}", "how much time do i need to {do}"],
        "hard": ["is it hard to {do}", "how difficult is it to {do}"],
        "who": ["who can help me {do}", "whom can i ask to help me {do}"],
        "whether": ["should i {do}", "is it a good idea to {do}", "is it worth it to {do}"],
        "past": ["how did you {do}", "how did you manage to {do}"],
        "trouble": ["why is it so hard to {do}", "why can't i {do}", "what keeps me from being able to {do}"],
    }),
    "best": ({"n": "novel/novels|laptop/laptops|restaurant/restaurants|bike/bikes|hotel/hotels|podcast/podcasts|board game/board games|"
                   "beach/beaches|camera/cameras|dentist/dentists|tent/tents|piano teacher/piano teachers|museum/museums",
              "where": "in lisbon|for students|under 500 dollars|of 2014|near the harbour|for a rainy day|for beginners|in the north|for big "
                       "families|from the nineties"}, {
        "best": ["what is the best {n} {where}", "which is the best {n} {where}", "what are the best {ns} {where}", "which are the best {ns} {where}",
                 "what are some of the best {ns} {where}", "what are good {ns} {where}", "which {n} {where} is the best", "best {ns} {where}",
                 "can you recommend a good {n} {where}", "what are the top {ns} {where}", "what {n} {where} would you recommend",
                 "what are some good {ns} {where}", "what is a good {n} {where}", "which {ns} {where} are the best"],
        "worst": ["what is the worst {n} {where}", "which {ns} {where} are bad", "which {ns} {where} should i avoid"],
        "price": ["how much does a {n} {where} cost", "what is the price of a {n} {where}"],
        "dear": ["what is the most expensive {n} {where}", "which {n} {where} costs the most"],
        "count": ["how many {ns} {where} are there", "what is the number of {ns} {where}"],
        "first": ["what was the first {n} {where}", "which {n} {where} was the first one"],
        "yours": ["what is your favourite {n} {where}", "which {n} {where} do you like most"],
    }),
    "two": ({"x": "a lute|a moth|a fjord|sleet|rye bread|a canoe|an alloy|a frigate|a satire|a sonata|jam",
             "y": "a lyre|a butterfly|a bay|hail|wheat bread|a kayak|a metal|a cruiser|a parody|a suite|jelly"}, {
        "difference": ["what is the difference between {x} and {y}", "how does {x} differ from {y}", "what are the differences between {x} and {y}",
                       "how is {x} different from {y}", "{x} and {y}, what is the difference", "what distinguishes {x} from {y}",
                       "what is the difference between {y} and {x}"],
        "better": ["which is better, {x} or {y}", "should i prefer {x} or {y}"],
        "common": ["what do {x} and {y} have in common", "how are {x} and {y} alike"],
        "relation": ["what is the relation between {x} and {y}", "how are {x} and {y} related"],
        "both": ["what are {x} and {y}", "explain {x} and {y}"],
    }),
    "view": ({"x": "the new ferry tax|the four day week|school uniforms|the mayor's plan|home schooling|the smoking ban|wind farms|zoos|"
                   "daylight saving time|the toll road|self driving buses|the strike"}, {
        "view": ["what do you think of {x}", "what do you think about {x}", "what is your opinion on {x}", "how do you feel about {x}",
                 "what are your views on {x}", "what is your view on {x}", "what are your thoughts on {x}", "what is your take on {x}"],
        "what": ["what is {x}", "explain {x}", "can you explain {x}"],
        "for": ["what are the advantages of {x}", "what are the benefits of {x}", "what are the pros of {x}", "what speaks for {x}"],
        "against": ["what are the disadvantages of {x}", "what speaks against {x}", "what are the drawbacks of {x}"],
        "effect": ["what will be the effect of {x}", "what are the consequences of {x}", "how will {x} affect us", "what is the impact of {x}"],
        "when": ["when does {x} begin", "when was {x} decided", "since when is there {x}"],
        "who": ["who is behind {x}", "who came up with {x}"],
        "why": ["why is there {x}", "what is the reason for {x}"],
    }),
    "feel": ({"do": "live on a boat|be an only child|run a bakery|move to norway|become a father|lose a brother|fly a glider|be famous|work "
                    "nights|win a race|live alone|have a twin|be left handed"}, {
        "feel": ["what is it like to {do}", "how does it feel to {do}", "what does it feel like to {do}", "how is it to {do}",
                 "what is the experience of people who {do}"],
        "way": ["how do i {do}", "how can i {do}", "what should i do to {do}"],
        "why": ["why do people {do}", "what makes people {do}", "what is the reason that people {do}"],
        "past": ["when did you first {do}", "how old were you when you did {do}"],
        "many": ["how many people {do}", "what share of people {do}"],
    }),
    "worth": ({"x": "a dishwasher|an electric kettle|the new tablet|a sewing machine|a season ticket|a used piano|a heat pump|a standing desk|"
                    "an alarm system|the family card|a juicer|a drone"}, {
        "worth": ["is {x} worth buying", "is it worth buying {x}", "is {x} worth the money", "is it worth it to buy {x}", "is {x} worth it"],
        "price": ["how much is {x}", "what does {x} cost", "what is the price of {x}"],
        "where": ["where can i buy {x}", "where do i get {x}", "which shop sells {x}"],
        "use": ["how do i use {x}", "how is {x} used", "what is the way to use {x}"],
        "which": ["what should i look for when buying {x}", "how do i choose {x}"],
        "repair": ["can {x} be repaired", "is it possible to repair {x}"],
    }),
    "can": ({"do": "grow figs indoors|learn welding at fifty|paint over rust|swim in the canal|build a shed without a permit|keep ducks in "
                   "a garden|run a marathon without training|store paint in a cellar|ship a harp by train|record a call|bake without sugar|"
                   "change a visa at the border|see who opened a letter"}, {
        "can": ["can i {do}", "is it possible to {do}", "can one {do}", "is there a way to {do}", "is there any way to {do}",
                "would it be possible to {do}"],
        "safe": ["is it safe to {do}", "is it dangerous to {do}"],
        "legal": ["is it legal to {do}", "is it against the law to {do}"],
        "when": ["when can i {do}", "at what time is it best to {do}"],
        "why": ["why can't i {do}", "why is it impossible to {do}"],
        "who": ["who is allowed to {do}", "who may {do}"],
        "cost": ["what does it cost to {do}", "how much do i pay to {do}"],
    }),
    "most": ({"how": "strangest|funniest|saddest|bravest|most useful|most expensive|kindest|hardest|most boring",
              "did": "eaten|bought|read|heard|done for a friend|learned at school|found in an attic|said to a teacher|seen on a trip"}, {
        "thing": ["what is the {how} thing you have ever {did}", "what's the {how} thing that you have {did}", "what was the {how} thing you have {did}",
                  "what is the {how} thing that you have ever {did} in your life", "which is the {how} thing you have {did}"],
        "when": ["when was the last time you have {did} something", "when have you {did} something for the last time"],
        "many": ["how many things have you {did}", "what number of things have you {did}"],
        "people": ["who has {did} the {how} thing", "which person has {did} the {how} thing"],
    }),
    "site": ({"what": "site/sites|app/apps|shop/shops|course/courses|tool/tools|magazine/magazines",
              "for": "download maps/downloading maps|learn knots/learning knots|buy seeds/buying seeds|edit photos/editing photos|find a flat/"
                     "finding a flat|sell stamps/selling stamps|track parcels/tracking parcels|practise piano/practising piano|compare "
                     "prices/comparing prices|plan a hike/planning a hike"}, {
        "best": ["what is the best {w} to {do}", "which is the best {w} for {doing}", "what are the best {ws} for {doing}", "which are the best {ws} to {do}",
                 "what are some good {ws} for {doing}", "what are good {ws} to {do}", "what {w} should i use to {do}", "which {w} is good for {doing}",
                 "are there any good {ws} for {doing}", "can you suggest a {w} to {do}"],
        "how": ["how do i {do}", "how can i {do}", "what is the best way to {do}"],
        "cost": ["how much does a {w} for {doing} cost", "what is the price of a {w} to {do}"],
        "build": ["how do i build a {w} for {doing}", "how can i create a {w} to {do}"],
    }),
    "example": ({"x": "irony|a mammal|renewable energy|team work|a noble gas|soft skills|an oxymoron|recycling|a monopoly|slang|a reflex|"
                      "camouflage"}, {
        "example": ["what are some examples of {x}", "what is an example of {x}", "give me some examples of {x}", "can you name some examples of {x}",
                    "what are good examples of {x}", "what are some great examples of {x}", "which examples of {x} are there"],
        "what": ["what is {x}", "what is meant by {x}", "explain {x}", "what does {x} mean"],
        "use": ["what is the use of {x}", "why do we need {x}", "what is {x} good for"],
        "scope": ["what is the scope of {x}", "what belongs to {x}"],
        "kinds": ["how many kinds of {x} are there", "what number of kinds of {x} is known"],
        "origin": ["where does {x} come from", "what is the origin of {x}"],
    }),
    "event": ({"who": "the minister|mr. falk|ms. ortega|the coach|the bishop|the chairman|captain reed|the band",
               "did": "resign/resigned/resigning|leave the party/left the party/leaving the party|cancel the tour/cancelled the tour/cancelling "
                      "the tour|sell the house/sold the house/selling the house|quit the team/quit the team/quitting the team|refuse the "
                      "prize/refused the prize/refusing the prize|move to malta/moved to malta/moving to malta"}, {
        "why": ["why did {who} {did}", "what is the reason that {who} {dids}", "what was the reason for {who} {doing}", "what made {who} {did}",
                "for what reason did {who} {did}", "what could be the reason behind {who} {doing}", "why has {who} {dids}"],
        "when": ["when did {who} {did}", "in which year did {who} {did}"],
        "effect": ["what happened after {who} {dids}", "what were the consequences of {who} {doing}"],
        "whether": ["did {who} {did}", "is it true that {who} {dids}"],
        "view": ["what do you think of {who} {doing}", "what is your opinion on {who} {doing}", "how do you feel about {who} {doing}"],
    }),
}
# On one side only, these make another question of it; on both sides they change nothing.
TELLING = ["for beginners", "for children", "in winter", "without any tools", "on a tight budget", "by post", "on a sunday", "at night", "abroad",
           "for the first time", "while pregnant", "as a student", "in germany", "with one hand", "in an old house", "on linux", "in a hurry",
           "from home", "through a friend", "remotely", "permanently", "for business", "after an operation", "in the rain", "before the holidays",
           "in a small town", "with a friend", "for the elderly", "over the phone", "in a month", "on my own"]
SECOND = [" and what does it cost", " and is it worth it", " and how long does it take", " and why", " and who can help me", " and is it safe",
          ". is there an app for it", ". what are the risks"]
EMPTY = ["really", "properly", "actually", "in general", "usually", "exactly", "in practice", "in your opinion", "for real"]
KIND_OF = ["vegan", "used", "cheap", "underrated", "local", "wooden", "electric", "free", "old", "italian", "small", "indoor", "strange", "private"]

POLITE = ["", "", "", "please tell me, ", "hi, ", "hello, ", "quick question: ", "i was wondering, ", "could you tell me: ", "excuse me, "]
TAIL = ["", "", "", "", " please", " thanks", " exactly", " these days"]
VERSIONS = ["3.8", "3.9", "3.11", "2.7", "10", "12", "14.2", "22.04", "7", "8"]
NUMBERS = ["2", "3", "5", "8", "10", "12", "20", "25", "40", "50", "100", "250"]
FIRST = ["anna", "omar", "lucia", "peter", "mei", "david", "sofia", "tom", "ines", "viktor"]
CITY = ["lisbon", "oslo", "kyoto", "nairobi", "quito", "hanoi", "prague", "cairo", "lima", "dublin"]
FOOD = ["rice", "bread", "cheese", "sugar", "flour", "coffee", "salt", "butter"]
VERB = ["call", "pay", "visit", "thank", "invite", "hire", "teach", "help", "sue", "follow"]
ADJECTIVES = [("cheap", "expensive"), ("safe", "dangerous"), ("fast", "slow"), ("easy", "difficult"), ("hot", "cold"), ("early", "late"),
              ("big", "small"), ("old", "new"), ("legal", "illegal"), ("possible", "impossible")]
THINGS = ["a used car", "online banking", "night trains", "frozen fish", "hiking alone", "home schooling", "solar panels", "street food",
          "cycling in the city", "contact lenses"]
SYNONYMS = [("begin", "start"), ("purchase", "buy"), ("assist", "help"), ("big", "large"), ("fast", "quick"), ("get", "obtain"), ("show", "display"),
            ("end", "finish"), ("choose", "pick"), ("near", "close to"), ("reply", "answer"), ("kids", "children"), ("car", "automobile"),
            ("film", "movie"), ("remove", "delete"), ("fix", "repair"), ("sofa", "couch"), ("doctor", "physician"), ("trash", "garbage")]
SYNONYM_FRAMES = ["how do i {0} a new project", "what is the best way to {0} this", "where can i {0} one", "is the {0} one better for the family",
                  "why did the {0} take so long", "when does the {0} open", "who is responsible for the {0}", "is it allowed to bring the {0}"]


class Maker:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.rows = []
        self.seen = set()

    def surface(self, text):
        """A wording as somebody might type it: same meaning."""
        r = self.random
        if r.random() < 0.3:
            text = r.choice(POLITE) + text
        if r.random() < 0.15:
            text += r.choice(TAIL)
        if r.random() < 0.12:
            at = r.randrange(len(text) - 1)
            if text[at].isalpha() and text[at + 1].isalpha() and text[at] != text[at + 1]:
                text = text[:at] + text[at + 1] + text[at] + text[at + 2:]
        if r.random() < 0.15:
            text = text.replace(" do not ", " don't ").replace("what is ", "what's ").replace("i am ", "i'm ")
        if r.random() < 0.6:
            text = text[0].upper() + text[1:]
            text = text.replace(" i ", " I ").replace(" i'm ", " I'm ")
        if r.random() < 0.6:
            text += "?"
        return text

    def add(self, domain, a, b, label):
        a, b = self.surface(a), self.surface(b)
        if self.random.random() < 0.5:
            a, b = b, a
        if a == b or (a, b) in self.seen:
            return
        self.seen.add((a, b))
        self.rows.append((domain, a, b, label))

    def domain_pair(self, name):
        r = self.random
        slots, intents = DOMAINS[name]
        values = {slot: words.split("|") for slot, words in slots.items()}
        fill = {slot: r.choice(words) for slot, words in values.items()}
        i = r.randrange(len(intents))
        kind = r.random()
        a = r.choice(intents[i])
        if kind < 0.45:
            b = r.choice(intents[i])
            self.add(name, a.format(**fill), b.format(**fill), 1)
        elif kind < 0.8:  # something else about the same thing
            j = r.choice([k for k in range(len(intents)) if k != i])
            # Often the wording that looks most alike.
            options = sorted(intents[j], key=lambda w: -len(set(w.split()) & set(a.split())))
            b = options[0] if r.random() < 0.6 else r.choice(options)
            self.add(name, a.format(**fill), b.format(**fill), 0)
        else:  # the same about another thing
            other = dict(fill)
            slot = r.choice(list(values))
            other[slot] = r.choice([v for v in values[slot] if v != fill[slot]])
            b = a if r.random() < 0.5 else r.choice(intents[i])
            self.add(name, a.format(**fill), b.format(**other), 0)

    def construction(self):
        """An edit of a known kind: what is asked changes, or (the same number of times) it does not."""
        r = self.random
        n, m = r.sample(NUMBERS, 2)
        p, q = r.sample(FIRST, 2)
        c, d = r.sample(CITY, 2)
        f, g = r.sample(FOOD, 2)
        v, w = r.sample(VERSIONS, 2)
        verb = r.choice(VERB)
        good, bad = r.choice(ADJECTIVES)
        thing, thing2 = r.sample(THINGS, 2)
        changed = [
            (f"convert {n} cups of {f} to grams", f"convert {m} cups of {f} to grams"),
            (f"convert {n} cups of {f} to grams", f"convert {n} cups of {g} to grams"),
            (f"how many grams are {n} ounces of {f}", f"how many ounces are {n} grams of {f}"),
            (f"how do i get from {c} to {d}", f"how do i get from {d} to {c}"),
            (f"what is the distance between {c} and {d}", f"what is the travel time between {c} and {d}"),
            (f"should {p} {verb} {q}", f"should {q} {verb} {p}"),
            (f"why did {p} {verb} {q}", f"why did {q} {verb} {p}"),
            (f"is {thing} {good}", f"is {thing} {bad}"),
            (f"why is {thing} {good}", f"why is {thing2} {good}"),
            (f"is {thing} more {good} than {thing2}", f"is {thing2} more {good} than {thing}"),
            (f"how do i install the driver for version {v}", f"how do i install the driver for version {w}"),
            (f"what should i do before visiting {c}", f"what should i do after visiting {c}"),
            (f"why should i try {thing}", f"why should i not try {thing}"),
            (f"who {verb}ed {p} in {c}", f"when was {p} in {c}"),
            (f"can {p} pay for {q}'s dinner", f"can {q} pay for {p}'s dinner"),
            (f"did {p} lose his keys in {c}", f"did {p} lose her keys in {c}"),
            (f"what are the advantages of {thing}", f"what are the disadvantages of {thing}"),
            (f"how do i start with {thing}", f"how do i stop with {thing}"),
            (f"is {thing} allowed in {c}", f"is {thing} common in {c}"),
            (f"what is the minimum age for {thing}", f"what is the maximum age for {thing}"),
            (f"how much {f} do i need for {n} people", f"how much {f} do i need for {m} people"),
            (f"can i use {f} instead of {g}", f"can i use {g} instead of {f}"),
        ]
        kept = [
            (f"convert {n} cups of {f} to grams", f"how many grams are {n} cups of {f}"),
            (f"how do i get from {c} to {d}", f"what is the way from {c} to {d}"),
            (f"how do i get from {c} to {d}", f"how do i get to {d} from {c}"),
            (f"what is the distance between {c} and {d}", f"how far is it from {c} to {d}"),
            (f"should {p} {verb} {q}", f"is it a good idea for {p} to {verb} {q}"),
            (f"is {thing} {good}", f"would you say that {thing} is {good}"),
            (f"is {thing} more {good} than {thing2}", f"is {thing2} less {good} than {thing}"),
            (f"how do i install the driver for version {v}", f"what is the way to install the driver for version {v}"),
            (f"what should i do before visiting {c}", f"what is there to do before a visit to {c}"),
            (f"why should i try {thing}", f"for what reason should i try {thing}"),
            (f"what are the advantages of {thing}", f"what speaks for {thing}"),
            (f"how do i start with {thing}", f"how can i get started with {thing}"),
            (f"is {thing} allowed in {c}", f"am i allowed to do {thing} in {c}"),
            (f"how much {f} do i need for {n} people", f"what amount of {f} is needed for {n} people"),
            (f"can i use {f} instead of {g}", f"is it possible to replace {g} by {f}"),
        ]
        label = 1 if r.random() < 0.45 else 0
        a, b = r.choice(kept if label else changed)
        self.add("construction", a, b, label)

    def synonym(self):
        r = self.random
        one, two = r.choice(SYNONYMS)
        frame = r.choice(SYNONYM_FRAMES)
        if r.random() < 0.6:
            self.add("synonym", frame.format(one), frame.format(two), 1)
        else:
            other = r.choice([word for pair in SYNONYMS if pair != (one, two) for word in pair])
            self.add("synonym", frame.format(one), frame.format(other), 0)

    def framed(self, name):
        """A question about anything in one of its frames, its slots filled."""
        r = self.random
        slots, questions = FRAMES[name]
        fill = {}
        for slot, words in slots.items():
            value = r.choice(words.split("|"))
            fill[slot] = value
        return fill, questions

    def spelled(self, name, frame, fill):
        """Fills a frame; where a slot has several wordings of one meaning, any of them, or the form that the frame wants."""
        r = self.random
        forms = {slot: value.split("/") for slot, value in fill.items()}
        if name == "best":
            given = {"n": forms["n"][0], "ns": forms["n"][1], "where": fill["where"]}
        elif name == "site":
            given = {"w": forms["what"][0], "ws": forms["what"][1], "do": forms["for"][0], "doing": forms["for"][1]}
        elif name == "event":
            given = {"who": fill["who"], "did": forms["did"][0], "dids": forms["did"][1], "doing": forms["did"][2]}
        else:
            given = {slot: r.choice(words) for slot, words in forms.items()}
        return frame.format(**given)

    def frame_pair(self):
        r = self.random
        name = r.choice(sorted(FRAMES))
        fill, questions = self.framed(name)
        if name == "two":  # the two belong together
            xs, ys = (FRAMES[name][0][slot].split("|") for slot in ("x", "y"))
            at = r.randrange(len(xs))
            fill = {"x": xs[at], "y": ys[at]}
        first = next(iter(questions))
        question = first if r.random() < 0.6 else r.choice(list(questions))
        frame = r.choice(questions[question])
        a = self.spelled(name, frame, fill)
        same = frame if r.random() < 0.5 else r.choice(questions[question])  # the hardest: all is equal but what it is about
        kind = r.random()
        if kind < 0.48:
            b = self.spelled(name, r.choice(questions[question]), fill)
            return self.add("frames-" + name, a, b, 1)
        if kind < 0.72:  # another question about the same
            other = r.choice([key for key in questions if key != question])
            return self.add("frames-" + name, a, self.spelled(name, r.choice(questions[other]), fill), 0)
        forms = {"n": ("{n}", "{ns}"), "what": ("{w}", "{ws}"), "for": ("{do}", "{doing}"), "did": ("{did}", "{dids}", "{doing}")}
        told = [slot for slot in fill if all(any(form in text for form in forms.get(slot, ("{" + slot + "}",))) for text in (frame, same))]
        if not told or (name == "best" and "n" not in told):
            return None  # not everything is said in every frame
        if kind < 0.88 or name != "best":  # the same about something else
            slot = r.choice(told)
            changed = dict(fill)
            changed[slot] = r.choice([v for v in FRAMES[name][0][slot].split("|") if v != fill[slot]])
            return self.add("frames-" + name, a, self.spelled(name, same, changed), 0)
        changed = dict(fill)
        singular, plural = fill["n"].split("/")
        word = r.choice(KIND_OF)
        changed["n"] = f"{word} {singular}/{word} {plural}"
        return self.add("frames-" + name, a, self.spelled(name, same, changed), 0)

    def modified(self):
        """Something more is said: on one side, on both, or without any weight."""
        r = self.random
        if r.random() < 0.5:
            name = r.choice(["goal", "feel", "view", "can", "worth"])
            fill, questions = self.framed(name)
            frames = questions[r.choice(list(questions))]
            a, b = (self.spelled(name, r.choice(frames), fill) for _ in range(2))
        else:
            name = r.choice(sorted(DOMAINS))
            slots, intents = DOMAINS[name]
            fill = {slot: r.choice(words.split("|")) for slot, words in slots.items()}
            intent = r.choice(intents)
            a, b = (r.choice(intent).format(**fill) for _ in range(2))
        domain = "modified-" + name
        kind = r.random()
        one, two = r.sample(TELLING, 2)
        if kind < 0.34:
            return self.add(domain, a, f"{b} {one}", 0)
        if kind < 0.46:
            return self.add(domain, a, b + r.choice(SECOND), 0)
        if kind < 0.6:
            return self.add(domain, f"{a} {one}", f"{b} {two}", 0)
        if kind < 0.82:
            return self.add(domain, f"{a} {one}", f"{b} {one}", 1)
        return self.add(domain, a, f"{b} {r.choice(EMPTY)}", 1)

    def far(self):
        """Two questions out of different domains: sharing the wording's frame at most."""
        r = self.random
        x, y = r.sample(sorted(DOMAINS), 2)
        texts = []
        for name in (x, y):
            slots, intents = DOMAINS[name]
            texts.append(r.choice(r.choice(intents)).format(**{s: r.choice(v.split("|")) for s, v in slots.items()}))
        self.add("far", texts[0], texts[1], 0)

    def make(self, pairs):
        names = sorted(DOMAINS)
        while len(self.rows) < pairs:
            kind = self.random.random()
            if kind < 0.4:
                self.domain_pair(self.random.choice(names))
            elif kind < 0.62:
                self.frame_pair()
            elif kind < 0.77:
                self.modified()
            elif kind < 0.9:
                self.construction()
            elif kind < 0.95:
                self.synonym()
            else:
                self.far()
        return self.rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pairs", type=int, default=16000)
    arguments = parser.parse_args()
    rows = Maker(arguments.seed).make(arguments.pairs)
    with open(arguments.out, "w", encoding="utf-8", newline="\n") as out:
        for number, (domain, a, b, label) in enumerate(rows):
            out.write(f"{domain}:{number}\t{a}\t{b}\t{label}\n")


if __name__ == "__main__":
    main()
