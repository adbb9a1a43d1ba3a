// The tables behind kinds.h: closed kinds of things. Members of one kind are different things ("neck", "back"), except
// those joined by '/': they are names of one thing, or one is a sort of the other ("dog/puppy"). A word may stand in
// several kinds ("orange": a colour, a fruit) and in several groups of one kind ("bike": a bicycle, a motorcycle).
// What is left out: words that stand for a whole kind ("fruit", "animal"), and words that mean something else more
// often than not ("fall", "lead", "match").
#pragma once

#include <string_view>

namespace weir::tiers::semantic::tables {

struct KindLine {
    std::string_view kind;
    std::string_view members;
};

inline constexpr KindLine kinds[] = {
    // People
    {"body part",
     "head neck back/spine chest shoulder arm elbow wrist hand finger thumb leg knee ankle foot toe hip thigh "
     "calf waist belly/stomach/tummy/abdomen face cheek chin/jaw forehead nose mouth lip tongue tooth gum throat "
     "ear eye/eyelid eyebrow/brow eyelash/lash brain heart lung liver kidney bladder spleen pancreas breast "
     "penis vagina uterus/womb ovary testicle tailbone rib"},
    {"tissue", "skin bone muscle nail/fingernail/toenail tendon cartilage nerve"},
    {"body fluid", "blood urine/pee semen/sperm saliva sweat"},
    {"relative",
     "father/dad/daddy/papa mother/mom/mum/mama/mommy brother sister son daughter uncle aunt nephew niece cousin "
     "grandfather/grandpa/granddad grandmother/grandma/granny grandson granddaughter husband wife boyfriend/bf "
     "girlfriend/gf fiance fiancee stepfather/stepdad stepmother/stepmom stepbrother stepsister son-in-law "
     "boss/supervisor coworker/colleague neighbor/neighbour roommate/flatmate landlord tenant"},
    {"sex", "man/guy/gentleman/male/boy/dude woman/lady/girl/female"},
    {"age", "baby/infant/newborn toddler child/kid/teenager/teen/adolescent adult/man/woman/grownup elder/elderly"},
    {"profession",
     "doctor/physician/surgeon/cardiologist/dermatologist/neurologist/psychiatrist/pediatrician/gynecologist/"
     "urologist nurse dentist/orthodontist pharmacist veterinarian/vet lawyer/attorney/barrister/solicitor "
     "teacher/professor/tutor/instructor/lecturer engineer/developer/programmer/coder accountant architect "
     "artist/painter/sculptor/illustrator author/writer/novelist/poet/playwright/screenwriter "
     "journalist/reporter actor/actress singer/musician/rapper/guitarist/pianist/drummer dancer chef baker "
     "butcher waiter/waitress bartender barber/hairdresser farmer fisherman mechanic electrician plumber "
     "carpenter welder driver/chauffeur pilot soldier policeman/policewoman/cop/detective firefighter/fireman "
     "scientist/physicist/chemist/biologist/astronomer/researcher economist psychologist/therapist/counselor "
     "psychiatrist/therapist politician banker secretary/receptionist salesman/saleswoman/salesperson cashier "
     "janitor/cleaner tailor librarian astronaut athlete historian philosopher translator/interpreter "
     "photographer designer entrepreneur nanny/babysitter priest imam rabbi analyst actuary auditor"},
    {"doctor", "surgeon cardiologist dermatologist neurologist psychiatrist pediatrician gynecologist urologist"},
    {"writer", "novelist poet playwright screenwriter"},
    {"scientist", "physicist chemist biologist astronomer geologist"},
    {"musician", "singer rapper guitarist pianist drummer"},
    {"office holder", "president governor senator mayor king queen prince princess emperor pope chancellor"},
    {"armed service", "army navy airforce marine police"},
    // Living things
    {"animal",
     "dog/doggy/puppy/pup/poodle/beagle/bulldog/rottweiler/pitbull/chihuahua/husky/dachshund/pug/doberman/"
     "terrier/labrador/retriever cat/kitten/kitty/feline horse/pony/mare/stallion/foal donkey/mule "
     "cow/bull/ox/cattle pig/hog/swine/piglet sheep/lamb/ewe goat rabbit/bunny/hare hamster gerbil mouse rat "
     "squirrel hedgehog fox wolf bear lion tiger leopard cheetah panther jaguar elephant giraffe zebra "
     "hippo/hippopotamus rhino/rhinoceros camel llama/alpaca deer/elk/moose/reindeer kangaroo koala "
     "monkey/ape/chimpanzee/chimp/gorilla/orangutan/baboon panda sloth raccoon badger otter beaver ferret bat "
     "whale dolphin seal walrus crocodile/alligator lizard/gecko/iguana snake/cobra/viper/rattlesnake/anaconda "
     "turtle/tortoise frog/toad spider/tarantula scorpion crab lobster shrimp/prawn octopus/squid snail/slug "
     "worm/earthworm dinosaur fish/salmon/tuna/cod/trout/herring/sardine/mackerel/carp/catfish/goldfish/shark/"
     "haddock/halibut/tilapia/eel/anchovy bird/parrot/parakeet/budgie/cockatiel/pigeon/dove/chicken/hen/rooster/"
     "duck/goose/eagle/hawk/falcon/owl/crow/raven/sparrow/swan/peacock/ostrich/penguin/pheasant/quail/seagull/"
     "gull/stork/flamingo/woodpecker/hummingbird/vulture insect/bee/wasp/hornet/ant/termite/mosquito/cockroach/"
     "roach/beetle/ladybug/butterfly/moth/grasshopper/locust/flea/louse/lice/bedbug/dragonfly/housefly "
     "human/person/people"},
    {"dog",
     "poodle beagle bulldog rottweiler pitbull chihuahua husky dachshund pug doberman terrier labrador retriever"},
    {"ape", "chimpanzee/chimp gorilla orangutan baboon"},
    {"reptile", "crocodile alligator lizard gecko iguana cobra viper rattlesnake anaconda turtle tortoise"},
    {"fish",
     "salmon tuna cod trout herring sardine mackerel carp catfish goldfish shark haddock halibut tilapia eel "
     "anchovy"},
    {"bird",
     "parrot/parakeet/budgie/cockatiel pigeon/dove chicken/hen/rooster duck goose eagle hawk falcon owl "
     "crow/raven sparrow swan peacock ostrich penguin pheasant quail seagull/gull stork flamingo woodpecker "
     "hummingbird vulture"},
    {"insect",
     "bee wasp/hornet ant termite mosquito cockroach/roach beetle/ladybug butterfly moth cricket "
     "grasshopper/locust flea louse/lice bedbug dragonfly housefly"},
    {"plant",
     "oak pine maple birch cedar willow elm spruce rose tulip lily daisy sunflower orchid jasmine lavender "
     "cactus fern moss algae"},
    // Food and drink
    {"food",
     "rice bread/toast/bagel/baguette pasta/spaghetti/macaroni/noodle/noodles cheese butter/margarine egg "
     "oat/oats/oatmeal/porridge cereal pizza burger/hamburger sandwich taco burrito sushi soup salad chicken "
     "beef/steak pork/bacon/ham lamb/mutton duck turkey sausage fish/salmon/tuna/cod/trout/herring/sardine/"
     "mackerel/tilapia/anchovy shrimp/prawn crab lobster tofu honey sugar salt oil flour cream "
     "yogurt/yoghurt/curd chocolate candy cookie/biscuit cake/cupcake pie donut/doughnut muffin pancake waffle "
     "popcorn ketchup mustard mayonnaise vinegar apple banana orange/tangerine/clementine lemon lime mango grape "
     "strawberry blueberry raspberry blackberry cherry peach/nectarine pear plum/prune apricot pineapple "
     "watermelon melon/cantaloupe papaya kiwi coconut pomegranate fig avocado grapefruit guava lychee cranberry "
     "raisin tomato potato carrot onion/shallot garlic ginger cucumber lettuce cabbage spinach kale broccoli "
     "cauliflower celery eggplant/aubergine/brinjal zucchini/courgette pumpkin/squash pea bean lentil chickpea "
     "corn/maize mushroom radish turnip beet/beetroot asparagus okra pepper/chili/chilli/capsicum/jalapeno "
     "parsley basil mint cilantro/coriander rosemary thyme oregano cinnamon turmeric cumin cardamom saffron "
     "almond walnut peanut cashew hazelnut pistachio pecan wheat barley quinoa rye"},
    {"drink",
     "coffee/espresso/cappuccino/latte tea milk water juice soda/cola/coke/pepsi beer/ale/lager wine/champagne "
     "vodka whiskey/whisky/bourbon/scotch rum gin tequila brandy/cognac cocoa lemonade smoothie kombucha"},
    {"meal", "breakfast lunch dinner/supper brunch"},
    // Health
    {"illness",
     "cancer/leukemia/lymphoma/melanoma diabetes asthma malaria cholera tuberculosis/tb dengue flu/influenza "
     "pneumonia bronchitis measles chickenpox mumps rubella polio hepatitis hiv/aids herpes syphilis gonorrhea "
     "chlamydia arthritis osteoporosis migraine/headache epilepsy alzheimer/alzheimers/dementia "
     "parkinson/parkinsons stroke hypertension anemia/anaemia eczema psoriasis acne/pimple/pimples depression "
     "anxiety schizophrenia bipolar autism adhd ocd insomnia constipation diarrhea/diarrhoea fever cough ulcer "
     "appendicitis gastritis ebola zika covid/coronavirus typhoid rabies leprosy tetanus jaundice gout vertigo "
     "dandruff scoliosis sciatica hernia hemorrhoid/hemorrhoids/piles obesity heartburn toothache backache nausea"},
    {"drug",
     "cocaine/crack heroin marijuana/cannabis/weed meth/methamphetamine lsd mdma/ecstasy opium morphine ketamine "
     "aspirin ibuprofen/advil paracetamol/acetaminophen/tylenol xanax adderall prozac valium penicillin "
     "amoxicillin insulin nicotine caffeine"},
    {"nutrient", "protein carbohydrate/carb fat fiber calcium zinc magnesium potassium sodium iron iodine"},
    // Pastimes and arts
    {"sport",
     "tennis football/soccer basketball baseball softball cricket hockey golf volleyball badminton squash rugby "
     "boxing/kickboxing wrestling judo karate taekwondo fencing archery swimming running/jogging cycling/biking "
     "rowing sailing surfing skiing snowboarding skating/skateboarding gymnastics yoga pilates bowling darts "
     "lacrosse handball chess checkers/draughts poker blackjack billiards/snooker scrabble monopoly sudoku "
     "climbing hiking kayaking"},
    {"instrument",
     "guitar ukulele piano/keyboard violin/fiddle viola cello drum/drums flute clarinet saxophone/sax trumpet "
     "trombone tuba oboe harp banjo mandolin accordion harmonica organ sitar tabla harmonium "
     "synthesizer/keyboard bagpipe xylophone"},
    {"work",
     "book/novel/ebook movie/film/documentary song videogame podcast magazine newspaper poem anime/cartoon "
     "manga/comic"},
    {"genre", "rock jazz rap/hiphop techno reggae opera comedy horror thriller"},
    {"recording", "photo/photograph/picture/image/pic video audio"},
    // Learning
    {"subject",
     "math/mathematics/maths/algebra/geometry/calculus/trigonometry/statistics/arithmetic physics chemistry "
     "biology/botany/zoology/genetics/microbiology history geography economics psychology sociology philosophy "
     "literature astronomy/astrophysics geology anthropology archaeology engineering accounting/accountancy "
     "finance marketing linguistics theology journalism architecture nursing medicine law astrology"},
    {"field of mathematics", "algebra geometry calculus trigonometry statistics arithmetic topology"},
    {"field of biology", "botany zoology genetics microbiology"},
    {"branch",
     "mechanical electrical/electronic/electronics civil chemical aerospace/aeronautical biomedical petroleum "
     "automobile/automotive computer/software/cs metallurgical/metallurgy nuclear"},
    {"degree",
     "bachelor/bachelors/undergraduate/undergrad/bsc/btech/bcom/bba/bca "
     "master/masters/msc/mtech/mba/mca/postgraduate phd/doctorate diploma"},
    {"bachelor", "bsc btech bcom bba bca mbbs"},
    {"master", "msc mtech mba mca llm"},
    {"exam", "gre gmat sat ielts toefl cat gate jee neet upsc/ias ssc lsat mcat usmle cfa cpa"},
    {"school", "kindergarten school college/university"},
    {"word class", "noun verb adjective adverb pronoun preposition conjunction"},
    // Matter
    {"colour",
     "red/crimson/scarlet orange yellow green blue/navy/azure purple/violet pink/magenta brown black white "
     "gray/grey gold silver beige turquoise/teal/cyan maroon"},
    {"material",
     "iron/steel copper silver gold platinum aluminum/aluminium zinc tin nickel titanium bronze brass tungsten "
     "wood/oak/pine/bamboo/plywood plastic/pvc/acrylic glass concrete/cement rubber leather/suede paper "
     "cardboard marble granite cotton wool silk nylon polyester linen denim velvet clay ceramic/porcelain "
     "diamond ruby emerald sapphire pearl"},
    {"element",
     "hydrogen oxygen nitrogen carbon helium chlorine neon argon sulfur/sulphur phosphorus lithium sodium "
     "potassium calcium magnesium mercury uranium plutonium iron copper silver gold platinum aluminum/aluminium "
     "zinc tin nickel titanium tungsten iodine silicon"},
    {"shape",
     "circle square triangle rectangle pentagon hexagon octagon oval/ellipse sphere cube cylinder cone pyramid "
     "prism parallelogram trapezoid/trapezium rhombus"},
    {"quantity",
     "speed/velocity acceleration momentum density pressure temperature volume area length height/tall width "
     "depth weight/mass voltage resistance"},
    {"operation", "addition subtraction multiplication division"},
    // Things
    {"vehicle",
     "car/automobile/sedan/suv/hatchback bus/minibus truck/lorry/pickup van motorcycle/motorbike/bike/scooter "
     "bicycle/bike/cycle train/metro/subway/tram plane/airplane/aeroplane/aircraft/jet/airliner helicopter "
     "boat/ship/yacht/ferry submarine taxi/cab rocket tractor"},
    {"car", "sedan suv hatchback"},
    {"clothing",
     "shirt/tshirt/blouse pants/trousers/jeans skirt dress/gown jacket/coat/blazer sweater/hoodie/pullover sock "
     "shoe/sneaker/boot/sandal/slipper/heel hat/cap/beanie glove scarf belt bra underwear/panties/boxers/briefs "
     "shorts bikini/swimsuit pajamas/pyjamas robe saree/sari kurta hijab/burqa/niqab handbag/purse wallet "
     "backpack watch necklace bracelet earring"},
    {"shoe", "sneaker boot sandal slipper heel"},
    {"furniture",
     "chair/armchair/stool table/desk sofa/couch bed mattress pillow blanket/quilt curtain carpet/rug lamp "
     "mirror shelf/bookshelf/bookcase wardrobe/closet/cupboard/cabinet drawer fridge/refrigerator freezer "
     "oven/stove microwave toaster kettle blender/mixer dishwasher dryer heater toilet sink bathtub/tub shower "
     "knife fork spoon plate bowl cup/mug bottle"},
    {"room", "kitchen bedroom bathroom garage attic basement/cellar garden/yard/backyard balcony"},
    {"device",
     "computer/pc/laptop/notebook/desktop/macbook phone/smartphone/mobile/cellphone/telephone tablet/ipad "
     "camera/dslr tv/television printer scanner router modem projector drone smartwatch"},
    {"computer part",
     "mouse keyboard monitor speaker headphone/headphones/earphone/earphones/earbud webcam microphone"},
    {"computer", "laptop/notebook desktop tablet"},
    {"programming language",
     "python java javascript/js typescript ruby perl php rust golang scala kotlin swift haskell erlang lisp "
     "prolog fortran cobol pascal matlab html css sql julia lua clojure elixir bash"},
    {"program", "vim/vi emacs nano vscode eclipse intellij xcode"},
    {"database", "mysql postgres/postgresql sqlite mongodb oracle redis cassandra"},
    {"operating system", "windows linux/ubuntu/debian/fedora/centos mac/macos/osx android ios unix"},
    {"linux", "ubuntu debian fedora centos gentoo"},
    {"file format",
     "pdf doc/docx txt csv xls/xlsx/excel json xml yaml html jpg/jpeg png gif svg bmp tiff mp3 mp4 wav flac avi "
     "mkv zip rar tar epub mobi ppt/pptx"},
    {"network",
     "facebook/fb/messenger twitter instagram/insta whatsapp snapchat youtube quora linkedin reddit pinterest "
     "tumblr tinder telegram skype viber tiktok wechat gmail yahoo hotmail outlook netflix"},
    {"credential", "password/passcode username/email"},
    // The world
    {"currency",
     "dollar euro pound/sterling rupee yen yuan/renminbi peso franc ruble/rouble bitcoin ethereum dogecoin"},
    {"nationality",
     "american/us british/english/scottish/welsh irish canadian australian french german/deutsch italian spanish "
     "portuguese dutch swedish norwegian danish finnish russian polish czech slovak hungarian romanian bulgarian "
     "greek turkish ukrainian serbian croatian swiss austrian belgian indian/hindi/tamil/telugu/bengali/punjabi/"
     "marathi/kannada/gujarati/malayali/malayalam/urdu/bollywood pakistani/urdu/punjabi bangladeshi/bengali "
     "nepali/nepalese chinese/mandarin/cantonese/taiwanese japanese korean vietnamese thai filipino indonesian "
     "malaysian iranian/persian/farsi iraqi israeli/hebrew egyptian nigerian kenyan ethiopian mexican brazilian "
     "argentine/argentinian colombian chilean peruvian cuban latin"},
    {"language",
     "english french german italian spanish portuguese dutch swedish norwegian danish finnish russian polish "
     "czech hungarian romanian greek turkish arabic hebrew persian/farsi hindi urdu/hindi bengali tamil telugu "
     "kannada marathi punjabi gujarati malayalam sanskrit latin chinese/mandarin cantonese/chinese japanese "
     "korean vietnamese thai esperanto"},
    {"religion",
     "christian/christianity/christ/catholic/protestant/mormon muslim/islam/islamic hindu/hinduism "
     "jew/jewish/judaism buddhist/buddhism sikh/sikhism jain/jainism atheist/atheism/agnostic "
     "scientology/scientologist"},
    {"confession", "catholic/catholicism protestant/protestantism mormon/mormonism orthodox"},
    {"heavenly body", "mercury venus earth mars jupiter saturn uranus neptune pluto moon sun"},
    {"season", "spring summer autumn winter monsoon"},
    {"part of the day", "morning/dawn/sunrise afternoon/noon evening/night/midnight/dusk/sunset"},
    {"rhythm", "hourly daily weekly monthly yearly/annual/annually"},
    {"feast", "christmas easter halloween thanksgiving diwali holi eid/ramadan hanukkah"},
    {"star sign", "aries taurus gemini virgo libra scorpio sagittarius capricorn aquarius pisces"},
    {"compass", "north south east west northern/north southern/south eastern/east western/west"},
    {"territory", "country city/town village continent"},
    {"landscape", "mountain/hill river lake ocean/sea island desert forest/jungle volcano waterfall"},
    {"public place", "hospital hotel restaurant/cafe airport library museum zoo church mosque temple synagogue"},
    {"disaster", "earthquake flood hurricane/cyclone/typhoon tornado tsunami drought wildfire"},
    // Qualities: opposites in a wide sense. Words of one side are not one thing, but no answer about one side holds for
    // the other.
    {"mood",
     "happy/glad/cheerful/joyful/joyous/elated sad/unhappy/sorrowful/miserable/depressed/gloomy angry/furious/mad"},
    {"calm", "calm/relaxed/carefree nervous/anxious/worried/uneasy/stressed angry/furious/enraged/irate"},
    {"wit", "smart/intelligent/clever/brainy/wise stupid/dumb/unintelligent/foolish/unwise/silly"},
    {"courage", "brave/courageous/bold/fearless cowardly/timid/afraid/fearful/scared"},
    {"wealth", "rich/wealthy/affluent/prosperous poor/impoverished/needy/broke"},
    {"size", "big/large/huge/enormous/gigantic/immense/vast small/tiny/little"},
    {"length", "long/lengthy/tall short/brief"},
    {"temperature", "hot/warm/boiling cold/cool/chilly/freezing"},
    {"difficulty", "easy/simple/effortless/trivial hard/difficult/tough/challenging"},
    {"price", "expensive/costly/pricey cheap/inexpensive/affordable/free"},
    {"worth", "good/great/excellent/amazing/awesome/wonderful bad/terrible/awful/horrible/poor"},
    {"danger", "safe/harmless dangerous/unsafe/hazardous/perilous/risky/harmful"},
    {"health", "healthy/well sick/ill/unwell/unhealthy"},
    {"looks", "beautiful/gorgeous/attractive/pretty/handsome/cute ugly/unattractive"},
    {"years", "young/new/modern/contemporary/recent old/outdated/ancient/obsolete"},
    {"build", "fat/overweight/obese/chubby thin/slim/slender/skinny/underweight"},
    {"sound", "loud/noisy quiet/silent"},
    {"moisture", "dry wet/damp/moist"},
    {"stance", "defensive offensive"},
    {"modesty", "proud/arrogant/conceited humble/modest"},
    {"company",
     "shy/bashful/introverted/introvert/reticent/taciturn outgoing/sociable/extroverted/extrovert/talkative"},
    {"interest", "interesting/fascinating boring/dull/tedious/uninteresting"},
    {"weight of things", "important/crucial/significant unimportant/trivial/insignificant"},
    {"truth", "correct/accurate/true wrong/incorrect/inaccurate/false/untrue"},
    {"frequency", "common/usual/frequent rare/uncommon/unusual/infrequent"},
    {"origin", "natural artificial/synthetic"},
    {"energy", "tired/exhausted/weary/fatigued/sleepy/drowsy energetic/lively/rested"},
    {"temper", "violent/aggressive/brutal/cruel peaceful/gentle/kind"},
    {"outlook", "optimistic/positive/hopeful pessimistic/negative/hopeless"},
    {"taste", "sweet/sugary bitter sour salty spicy bland/tasteless"},
    {"firmness", "hard/firm soft"},
    {"light", "bright/luminous dark/dim"},
    {"activity", "active passive/inactive/idle"},
    {"marital status", "single/unmarried married engaged divorced widowed"},
    {"humour", "funny/humorous/amusing/comical serious/grave"},
    {"home and abroad", "domestic/national foreign/international"},
    {"employment", "hire/employ fire/dismiss/sack"},
    {"belief", "religious/devout/pious secular/atheist/irreligious"},
    {"politics", "liberal/progressive/leftist conservative"},
    {"economy", "capitalist/capitalism socialist/socialism/communist/communism"},
};

}  // namespace weir::tiers::semantic::tables
