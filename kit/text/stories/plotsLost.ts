import type { Plot } from "./plot.js";

/** Plots about things that are lost, broken, made or found. */
export const plotsLost: readonly Plot[] = [
  {
    name: "lost toy",
    cast: "any",
    paragraphs: [
      [
        ["{@opening} {@scenery}"],
        [
          "More than anything {he} loved {his} {colour} {toy}. Every day {he} {toy.did}.",
          "{He} owned a(n) {condition} {colour} {toy}. Whenever {he} could, {he} {toy.did}.",
          "{His} {elder} had given {him} a(n) {condition} {colour} {toy}, and {hero} {toy.did}.",
        ],
      ],
      [
        [
          "But one {dayPart#2} the {toy} was gone.",
          "Then, one {dayPart#2}, {he} reached for the {toy}, and it was not there.",
          "One {dayPart#2}, however, the {toy} was nowhere to be found.",
        ],
        [
          "{Hero} looked {searched} and {searched#2}. Nothing!",
          "{He} searched {searched}, and then {searched#2}, but found only [dust|an old sock|a few crumbs|a lonely pencil].",
          "{He} looked {searched}. {He} looked {searched#2}. {He} even looked {searched#3}.",
        ],
        [
          '"My {toy} is lost," {he} said {~sadly}.',
          '"Have you seen my {toy}?" {he} asked {his} {elder}. "No," said {his} {elder}, "but two pairs of eyes see more than one."',
          '"Where did you have it last?" asked {his} {elder}. {Hero} did not know, and {he} felt {sad}.',
        ],
        ["{@friendComes}"],
        [
          'Together they went over every place where {hero} had been {toy.doing}. At last {friend} stopped. "Look!" There was the {toy}, {hideout}.',
          "They looked high and they looked low. {Friend} was the first to see it: the {colour} {toy} was {hideout}!",
          '"Let us start {hideout}," said {friend}. And there it was, the {colour} {toy}, not even wet.',
        ],
        ['"Well," said {friend}, "{hideout.how}."', '"I see," said {hero}, "{hideout.how}."', ""],
      ],
      [
        [
          "{Hero} was so {glad} that {he} [hugged {friend}|jumped into the air|spun around three times]. {@thanks}",
          "{Hero} held the {toy} tight and was {glad}. {@thanks}",
        ],
        [
          "From that day on {he} put the {toy} [back on its shelf|next to the bed|into its box] every evening.",
          "Since then the {toy} has had a place of its own [on the shelf|beside the bed|in a box with a lid].",
          "{@night}",
        ],
      ],
    ],
  },
  {
    name: "mended toy",
    cast: "any",
    paragraphs: [
      [
        ["{@opening}"],
        [
          "{His} best toy was a(n) {condition} {colour} {toy}. {Hero} {toy.did}, day after day.",
          "On {his} birthday {he} had got a(n) {colour} {toy}. From then on {he} {toy.did}.",
        ],
      ],
      [
        [
          "One {weather} {dayPart}, while {he} was {toy.doing}, the {toy.part} {toy.broke}.",
          "But on a(n) {weather} {dayPart} something went wrong: the {toy.part} {toy.broke}.",
          "{Hero} had been {toy.doing} all {time}, when suddenly the {toy.part} {toy.broke}.",
        ],
        [
          '"It is broken for ever," {he} said {~sadly}. {@elderAsks}',
          "{He} felt {sad} and hid the {toy} {searched}. {@elderAsks}",
          "{He} did not want to throw the {toy} away. {@elderAsks}",
        ],
        [
          '{Hero} held up the {toy}. "The {toy.part} {toy.broke}," {he} said.',
          '"Look," said {hero}, "the {toy.part} {toy.broke}."',
        ],
        [
          '"Most things can be mended," said {his} {elder}. "We only need {toy.mend}."',
          '"That is no reason to give up," said {his} {elder}. "I think that {toy.mend} will do."',
          '{His} {elder} looked at it from all sides. "Hm," said {e.he}. "Bring me {toy.mend}."',
        ],
        [
          "{Hero} found {toy.mend} {indoor}. They sat down together and worked {~carefully}, until the {toy.part} was as good as new.",
          "It took a while to find {toy.mend}, but then the work went well. {Hero} held the {toy} still, and {his} {elder} mended the {toy.part} {~carefully}.",
          "{Hero} wanted to do it alone, and {his} {elder} only watched. With {toy.mend} {he} mended the {toy.part}, {~carefully} and with the tip of {his} tongue between {his} teeth.",
        ],
      ],
      [
        [
          "Now one could see where the {toy} had been broken, but {hero} liked it even better than before.",
          "The mended place was a little crooked. {Hero} was {glad} all the same, because {he} had made it whole.",
          '"It is not like new," said {hero}. "It is better. Now it has a story."',
        ],
        ["{@night}", "The very same day {he} {toy.did} again."],
      ],
    ],
  },
  {
    name: "handmade present",
    cast: "child",
    paragraphs: [
      [
        ["{@opening} {@scenery}"],
        [
          "Tomorrow was the birthday of {his} {elder}, and {hero} had no present.",
          "{His} {elder} would have a birthday on {weekday}, but {hero} had spent all {his} coins on a(n) {snack}.",
          "{He} wanted to give {his} {elder} something special for {e.his} birthday, but {his} money box was empty.",
        ],
      ],
      [
        [
          '"The best presents are made by hand," said the {neighbour}, who had {neighbour.with}.',
          'The {neighbour} came by with {neighbour.with}. "Why buy something?" the {neighbour} asked. "You have two clever hands."',
          '"Then make one," said {friend}. "That is what I always do."',
        ],
        [
          "So {hero} decided to make a(n) {handmade}. {He} gathered {handmade.of} and set to work.",
          "{Hero} thought for a while. A(n) {handmade}! For that {he} needed {handmade.of}.",
        ],
        [
          "The {handmade.work} was harder than {he} had thought. The first {handmade} fell apart, and the second one looked [like a squashed frog|very odd|rather tired].",
          "There was a lot of {handmade.work} to do. Twice {he} wanted to give up, and twice {he} went on.",
          "{He} worked {~carefully} {indoor}, so that nobody could see. All that {handmade.work} made {his} fingers sore.",
        ],
        [
          "When the {handmade} was finished, it was [a little crooked|not quite straight|smaller than planned], but it was beautiful.",
          "",
          "Late in the evening it was done. {Hero} wrapped the {handmade} in [a newspaper|a blue cloth|brown paper] and hid it {searched}.",
        ],
      ],
      [
        [
          '"For me?" asked {his} {elder} on the birthday. "Did you make this {handmade} yourself?" {Hero} nodded, red in the face.',
          "On the birthday {his} {elder} opened the parcel {~carefully}, and for a moment {e.he} could not say a word.",
        ],
        [
          '"It is the finest {handmade} I have ever had," said {his} {elder}, and {e.he} {handmade.use}.',
          "Then {e.he} hugged {hero} tight. And what about the {handmade}? {E.he} {handmade.use}.",
        ],
        ["{Hero} was {glad}, and {he} knew what {he} would make next year.", "{@night}"],
      ],
    ],
  },
  {
    name: "treasure map",
    cast: "any",
    paragraphs: [
      [
        ["{@opening} {@scenery}"],
        [
          "One {dayPart} {he} found an old map {searched}. A thin line led past {landmark} and {landmark#2} to a cross.",
          "In an old {clothes} {he} discovered a folded sheet of paper. It was a map! A line went from {landmark} to {landmark#2}, and there was a cross.",
        ],
        [
          '"We must follow it," said {friend}, {hero}\'s best friend.',
          '{He} showed it to {friend}. "A treasure!" whispered {friend}.',
        ],
      ],
      [
        [
          "They packed a(n) {snack} and set out. {@outdoors} Soon they reached {landmark}.",
          "First they had to find {landmark}. That was easy, because everybody knew it.",
        ],
        [
          "From there the line turned left, and they walked [two|three|five|seven] hundred steps, until they stood in front of {landmark#2}.",
          'But where was {landmark#2}? They went too far and had to turn back. "There it is!" cried {friend} at last.',
          "The way to {landmark#2} was steep. They stopped twice to catch their breath and ate the {snack}.",
        ],
        [
          "Behind {landmark#2} lay a flat stone. They lifted it together. Under it was a tin box, and in the box lay a(n) {treasure}.",
          "They dug where the cross was. Something clinked. It was a jar, and inside was a(n) {treasure}.",
          "{Hero} put one hand into a hole and felt something cold. {He} pulled it out: it was a(n) {treasure}!",
        ],
        ['"Look," said {hero}, "{treasure.note}."', "They looked at it for a long time: {treasure.note}."],
      ],
      [
        [
          '"Who shall have it?" asked {friend}. "We will take turns," said {hero}. "You get it in the odd weeks, and I get it in the even ones."',
          "They did not keep it. They put the {treasure} back and added a(n) {colour} ribbon, so that the next finder would have two treasures.",
          '"It belongs to both of us," said {hero}. So they hung the {treasure} {indoor}, where both could see it.',
          'Under the stone lay a note as well: "Well done! Now draw a map for somebody else." And that is what {hero} and {friend} did.',
        ],
        [
          "It was not gold, but they were as {glad} as if it were.",
          "On the way home they were {glad} and very hungry.",
          "{@night}",
        ],
      ],
    ],
  },
  {
    name: "swapping",
    cast: "child",
    paragraphs: [
      [
        ["{@opening}"],
        [
          "One {weather} {dayPart} {he} found a(n) {treasure} in the grass. It was something special: {treasure.note}.",
          "On {his} way to the {market} {he} carried a(n) {treasure} in {his} pocket, and {he} was proud of it, because {treasure.note}.",
        ],
      ],
      [
        [
          'In the lane {he} met the {neighbour}, who had {neighbour.with}. "What a fine {treasure}!" said the {neighbour}. "I will give you a(n) {colour} {clothes} for it."',
          'The {neighbour} stopped at once. "I have been looking for a(n) {treasure} all my life! Take my {colour} {clothes} for it."',
        ],
        [
          "{Hero} thought it over and agreed. Now {he} had a(n) {clothes}.",
          "So {hero} gave away the {treasure} and went on with a(n) {clothes} over one arm.",
        ],
        [
          'A little later {he} met {friend}, who was shivering. "How warm that {clothes} looks," said {friend}. "I have only this {toy}." They swapped.',
          'Near {landmark} sat {friend}. "I am freezing," said {friend}. "Would you take my {toy} for the {clothes}?" {Hero} would.',
        ],
        [
          "Now {he} had a(n) {toy}. {He} {toy.did}, but not for long.",
          "The {toy} was {colour#2}, and for a while {he} was happy with it.",
          "",
        ],
        [
          'By {landmark#2} a small child was crying. "My {toy} is broken," the child sobbed. {Hero} looked at {his} own {toy}. Then {he} held it out. "Take mine," {he} said {~kindly}.',
          'At the corner stood a little child who had never had a toy. {Hero} hesitated. Then {he} said, "This {toy} is yours."',
        ],
      ],
      [
        [
          "{Hero} came home with nothing in {his} hands: no {treasure}, no {clothes}, no {toy}.",
          '"Where is your {treasure}?" asked {his} {elder}. {Hero} told {e.him} about the {clothes}, the {toy} and the child.',
        ],
        [
          '"Then you made the best trade of all," said {his} {elder}, and {hero} felt it was true.',
          'But {his} heart was light, and {he} was {glad}. "Some swaps weigh more than others," said {his} {elder}.',
        ],
        ["{@night}"],
      ],
    ],
  },
];
