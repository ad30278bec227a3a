import type { Plot } from "./plot.js";

/** Plots about weather, ways and wonders. */
export const plotsAbroad: readonly Plot[] = [
  {
    name: "spoilt plan",
    cast: "any",
    seasons: ["spring", "summer", "autumn"],
    paragraphs: [
      [
        ["{@opening}"],
        [
          "All week long {hero} had been looking forward to {weekday}. {He} and {friend} wanted to have a picnic {outdoor}.",
          "{Friend} and {hero} had packed a basket: a(n) {snack}, a(n) {snack#2} and a bottle of juice. They wanted to spend the whole day {outdoor}.",
        ],
      ],
      [
        [
          "But just as they wanted to leave, it began to rain. It rained as if somebody had turned over a bathtub.",
          "They had hardly closed the door when the first drops fell. Then it poured.",
          "But in the morning there was such a storm that the shutters rattled.",
        ],
        [
          '"Now everything is spoilt," said {hero} {~sadly}. {He} pressed {his} nose against the window.',
          "{Hero} was so {sad} that {he} did not even want to take off {his} {clothes}.",
        ],
        [
          '"Is it?" said {his} {elder}. "Who says that a picnic has to be {outdoor}?"',
          '{Friend} looked at the basket, then at the floor, then at {hero}. "I have an idea," said {friend}.',
        ],
        [
          "They spread a(n) {colour} blanket {indoor}. Two chairs were the {tree} trees, and the lamp was the sun.",
          "They carried everything up and built a forest out of coats and umbrellas {indoor}. A(n) {bird} made of paper sat on the lamp.",
        ],
        [
          "Nobody was bitten by an ant, and nobody had to carry anything back. They ate the {snack} and listened to the drops.",
          "{His} {elder} was invited too and had to crawl in on hands and knees.",
          "",
        ],
      ],
      [
        [
          "When the sun came out at last, they did not notice it at all.",
          '"I hope it rains next {weekday} too," said {friend}.',
          "In the evening there was a rainbow over {landmark}, and that was the dessert.",
        ],
        ["{Hero} was {glad}. It had been the best picnic of the whole {season}.", "{@night}"],
      ],
    ],
  },
  {
    name: "gone astray",
    cast: "any",
    paragraphs: [
      [
        ["{@opening} {@scenery}"],
        [
          "One {weather} {dayPart} {he} followed a(n) {creature} {outdoor}. The {creature} went on and on, and {hero} went after it.",
          '"Do not go further than {landmark}," {his} {elder} had said. But {hero} saw a(n) {creature} and forgot all about it.',
        ],
      ],
      [
        [
          "Then the {creature} {creature.away}, and {hero} stood there alone. {He} did not know this place.",
          "When the {creature} had gone, {he} looked around. Every path looked the same.",
        ],
        [
          "It was getting dark, and {he} was {afraid}. Somewhere something {creature#2.sound}.",
          '"Hello?" called {hero}. Nobody answered. One could only hear {sound}.',
        ],
        [
          "Then {he} remembered what {his} {elder} had taught {him}: stay calm, look for something you know, and go back step by step.",
          '"First think, then walk," {he} said to {himself}. That was what {his} {elder} always said.',
        ],
        [
          "{He} climbed on a stone and looked in all directions. Over there was {landmark}! {He} had passed it on the way.",
          "{He} saw {his} own footprints in the wet earth and followed them back to {landmark}.",
          "What was it that smelled of {smell}? It was the same smell as at {landmark}. {He} followed {his} nose.",
        ],
        [
          "From {landmark} {he} knew the way: first to {landmark#2}, then downhill, then always along the {tree} trees.",
          "From there it was not far to {landmark#2}, and behind {landmark#2} shone a light.",
        ],
      ],
      [
        [
          '{His} {elder} came running with a lantern. "There you are!" {E.he} was so [happy|glad|relieved] that {e.he} forgot to scold.',
          "{His} {elder} was standing at the door. Nobody said a word. They only held each other.",
        ],
        [
          '"I thought first, and then I walked," said {hero}. "And next time," said {his} {elder}, "you think before you walk away."',
          "Since that day {hero} always looks back on every way, so that {he} knows what it looks like from the other side.",
          "{@night}",
        ],
      ],
    ],
  },
  {
    name: "noise in the night",
    cast: "any",
    paragraphs: [
      [
        ["{@opening}"],
        [
          "One night {he} woke up. Something went scratch, scratch, scratch {indoor}.",
          "It was long after bedtime when {hero} heard it: tap, tap, tap. It came from somewhere {indoor}.",
          "One night in {month} there was a strange noise. Knock, it went, and knock again.",
        ],
      ],
      [
        [
          "{He} pulled the blanket over {his} head. Was it a thief? Was it a ghost?",
          "{Hero} was {afraid}. In the dark even the {clothes} on the hook looked like a giant.",
        ],
        [
          '"Did you hear that?" {he} whispered. {Friend}, who was staying for the night, had heard it too.',
          '{He} crept to {his} {elder}. "It is nothing," mumbled {his} {elder} and fell asleep again.',
        ],
        [
          "So {he} took a torch in one hand and a wooden spoon in the other. Step by step {he} went towards the sound.",
          "{Hero} put on a(n) {clothes#2}, because one is braver in a(n) {clothes#2}. Then {he} opened the door {~carefully}.",
        ],
        [
          "The noise grew louder. {He} counted to {number} and switched on the light.",
          "{His} hand trembled. {He} lifted the torch, and the light fell on two shining eyes.",
        ],
        [
          "It was no thief and no ghost. It was a(n) {guest}! It had found a bag of {guest.food} and was having supper.",
          "There sat a(n) {guest} with some {guest.food}. It was much more {afraid#2} than {hero} was.",
        ],
      ],
      [
        [
          '"So it was you," said {hero}, and {he} opened the window. The {guest} {guest.sound} and {guest.away}.',
          "{Hero} had to laugh, and the {guest} {guest.sound}. Then it {guest.away}.",
        ],
        [
          "Since then {hero} leaves some {guest.food} on the window sill every evening, so that nobody has to knock.",
          '"What was it?" asked {his} {elder} in the morning. "A guest," said {hero}.',
          "Things that one can see are smaller than things that one only hears. Now {hero} knew that, and {he} slept very well.",
        ],
      ],
    ],
  },
  {
    name: "a collection",
    cast: "any",
    paragraphs: [
      [
        ["{@opening} {@scenery}"],
        [
          "{Hero} collected {collected.many}. {He} already had {number}, and {he} kept them in a(n) {colour} box.",
          "In a(n) {colour} box [under the bed|on the shelf|in the cupboard] {he} kept {number} {collected.many}. They were the finest {collected.many} in the world.",
        ],
      ],
      [
        [
          "One {weather} {dayPart} {he} was {outdoor} with {friend}. There they found two more {collected.many}. Now {he} had {number.more}.",
          "On {weekday} {friend} gave {him} two more {collected.many}. {Hero} counted {~carefully}: now there were {number.more}.",
        ],
        [
          '"{Number.more} is a good number," said {friend}. "But {number.most} would be better," said {hero}.',
          '"I need only two more, and then I have {number.most}," said {hero}.',
          "",
        ],
        [
          "They searched {outdoor#2} until their feet hurt. At last {hero} saw one {collected}, and right beside it another one.",
          "By {landmark} {he} found one {collected}, and behind {landmark#2} lay the second one.",
        ],
        [
          "Now {he} had {number.most} {collected.many}! {He} laid them in a long row and was {glad}.",
          "Two and {number.more} made {number.most}. {Hero} counted them three times, just because it was so nice.",
        ],
        [
          'Then {he} saw that {friend} had none at all. "How many do you have?" asked {hero}. "None," said {friend}. "But I like looking at yours."',
          "{Friend} looked at the row and said nothing. {Friend} did not have a single {collected}.",
        ],
      ],
      [
        [
          '{Hero} thought for a moment. Then {he} pushed two of the {collected.many} across the table. "Now I have {number.more}, and you have two," {he} said. "That is how every collection begins."',
          "So {hero} gave two {collected.many} to {friend}. Now there were {number.more} in {his} box again, and it did not feel like less.",
        ],
        [
          '"Let us look for more tomorrow," said {friend}. {@night}',
          "The next day they went out together, each with a box of their own.",
          "{@night}",
        ],
      ],
    ],
  },
  {
    name: "too much",
    cast: "any",
    paragraphs: [
      [
        ["{@opening}"],
        [
          'One {weather} {dayPart} the whole kitchen smelled of {dish}. "That is for tomorrow," said {his} {elder}. "Do not touch anything."',
          "{His} {elder} had made {dish} for the feast. The dish stood {indoor} to cool.",
        ],
      ],
      [
        [
          "{Hero} only wanted to smell at it. Then {he} only wanted to taste a bit. That was so good that {he} took a second bite.",
          "One bite will not be noticed, thought {hero}. Two bites will not be noticed either. After {number} bites it was noticed.",
        ],
        ["And then, somehow, everything was gone.", "{He} stopped only when there was nothing left but crumbs."],
        [
          "Soon {his} belly was as tight as a drum. {He} felt so ill that {he} lay down {indoor#2} and groaned.",
          '"Ow," said {hero}. {His} stomach growled like a(n) {creature}. {He} did not even want to {hobbyAny}.',
        ],
        [
          '{Friend} came to play, but {hero} could not get up. "What have you eaten?" asked {friend}. "All the {dish}," whispered {hero}.',
          '"What is wrong with you?" asked {his} {elder}. Then {e.he} saw the empty dish, and {e.he} understood.',
        ],
        [
          "{His} {elder} did not scold. {E.he} made a pot of {tea} and put a warm stone on {his} belly.",
          'The only thing that helped was {tea}, cup after cup. "Brr," said {hero}, but {he} drank it.',
        ],
      ],
      [
        [
          "The next day {he} felt better. {He} helped to make new {dish}, and {he} carried a plate to everybody before {he} took one {himself}.",
          '"Tomorrow you will help me to make more," said {his} {elder}. And so it was. {Hero} worked until {his} arms were tired, and {he} did not nibble. Not even once.',
        ],
        [
          "Everything tasted even better than before, because this time everybody had some.",
          "One piece was enough. Really.",
          "{@night}",
        ],
      ],
    ],
  },
  {
    name: "waiting for a letter",
    cast: "child",
    paragraphs: [
      [
        ["{@opening}"],
        [
          "{His} {elder} had gone on a long journey, and had promised to write. Every morning {hero} ran to the letter box.",
          'In {month} {his} friend {friend} had moved far away. "I will write to you," {friend} had said. So {hero} waited.',
        ],
      ],
      [
        [
          "On Monday there was nothing. On Tuesday there was nothing. On Wednesday there was a letter, but it was for the {neighbour}.",
          '"Is there anything for me?" {he} asked the postman. "Not today," said the postman {~kindly}. "Letters walk slowly."',
        ],
        [
          '"Nobody thinks of me any more," said {hero} {~sadly}.',
          "",
          "A week went by, and then another one. {Hero} felt {sad} and did not even want to {hobby}.",
        ],
        [
          'The {neighbour} saw {him} sitting there. "Have you written a letter yourself?" asked the {neighbour}, who had {neighbour.with}. {Hero} had not.',
          '"Whoever wants to get letters has to send some," said the {neighbour}.',
        ],
        [
          "So {hero} took a pen. {He} wrote about {landmark}, about the {weather} {time}, and about a(n) {creature} that {creature.sound}. {He} put a pressed flower into the envelope.",
          "{Hero} had never written such a long letter. {He} told everything: about the {flower}, the {snack} and the {toy}. At the end {he} drew a map of {his} heart.",
        ],
        [
          "{Number} days later the postman rang twice. It was a thick letter with {number.more} stamps!",
          "And on a(n) {weather#2} morning there it was, a(n) {colour} envelope with {his} name on it.",
        ],
      ],
      [
        [
          '"Your letter made me laugh and cry," it said. "Please write again soon." And between the pages lay a(n) {treasure}.',
          "It was a wonderful letter. {Hero} read it {number} times, and every time {he} found something new.",
        ],
        [
          "The letters went to and fro, all through the {season}, and {hero} was {glad}.",
          'That same evening {he} sat down at the table and began: "Today the air smells of {smell}."',
          "{@night}",
        ],
      ],
    ],
  },
];
