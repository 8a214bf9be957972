"""The words that answers are made of, apart from the tags: commands, courtesies, doubts.

Commands are English, as the brief shows them; thanks and "seen" are understood in the languages
that people's phones speak. A phrase stands here as `words_of` reads it: contractions undone.
"""

from __future__ import annotations

from enum import Enum, auto


class Item(Enum):
    """What a word or phrase does in an answer."""

    ACK = auto()
    TAKE = auto()
    DONE = auto()
    NONE = auto()
    TAG = auto()
    TELL = auto()  # "tell", before a person's name
    PERSON = auto()
    MERGE = auto()  # "same as", before the number of a case
    NUMBER = auto()
    NOT = auto()  # "not", "is not", "remove"
    NO = auto()  # "no", "wrong": that something is off, without saying what
    ADD = auto()  # "also", before a tag
    TOO = auto()  # "as well", behind it
    ONLY = auto()
    OR = auto()
    AND = auto()
    TURN = auto()  # "but", "it is", "rather": what was denied before is over
    INSTEAD = auto()  # "instead of", "rather than": what follows is denied
    HEDGE = auto()
    FILL = auto()
    OTHER = auto()  # none of these


def _phrases(text: str) -> tuple[str, ...]:
    return tuple(phrase.strip() for phrase in text.split("|"))


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


PHRASES: dict[Item, tuple[str, ...]] = {
    Item.ACK: _phrases(
        "ok|okay|okey|oke|ok\u00e9|k|kk|fine|good|great|perfect|noted|seen|got it|i got it|have it|"
        "i have it|i have got it|understood|will do|i will do|roger|received|acknowledged|ack|"
        "acknowledge|read|thanks|thank you|thank you very much|many thanks|thanks a lot|thx|tnx|"
        "ty|cheers|sounds good|all good|no problem|no worries|np|sure|alright|all right|cool|"
        "looking into it|i am looking into it|looking at it|i am looking at it|"
        # German, French, Spanish, Italian, Dutch, Portuguese, Polish, the Nordic languages
        "danke|danke dir|danke sch\u00f6n|dankesch\u00f6n|vielen dank|besten dank|herzlichen dank|"
        "verstanden|alles klar|geht klar|passt|notiert|zur kenntnis genommen|gesehen|erhalten|"
        "mach ich|wird gemacht|"
        "merci|merci beaucoup|bien re\u00e7u|re\u00e7u|bien not\u00e9|not\u00e9|c'est not\u00e9|"
        "entendu|compris|d'accord|vu|parfait|"
        "gracias|muchas gracias|recibido|entendido|enterado|anotado|vale|de acuerdo|perfecto|"
        "grazie|grazie mille|molte grazie|ricevuto|capito|va bene|d'accordo|perfetto|"
        "dank je|dank u|dank je wel|dankjewel|bedankt|ontvangen|begrepen|akkoord|prima|"
        "genoteerd|gezien|"
        "obrigado|obrigada|muito obrigado|muito obrigada|recebido|combinado|certo|"
        "dzi\u0119kuj\u0119|dziekuje|dzi\u0119ki|dzieki|rozumiem|przyj\u0105\u0142em|"
        "przyj\u0119\u0142am|jasne|w porz\u0105dku|"
        "tack|tack s\u00e5 mycket|tusen takk|takk|tak|mange tak|uppfattat|f\u00f6rst\u00e5tt|"
        "mottaget|noterat|kiitos"
    ),
    Item.TAKE: _phrases(
        "mine|my case|on it|i am on it|taking it|taking this|taking this one|i am taking it|"
        "i am taking this|i am taking this one|i will take it|i will take this|i will take that|"
        "i will take this one|i will take care of it|i will take care of this|i take it|"
        "i take this|i take this one|i take care of it|i got this|i have got this|i have this|"
        "leave it to me|leave this to me|i will handle it|i will handle this|i will deal with it|"
        "i will deal with this|assign to me|assign it to me|assign this to me"
    ),
    Item.DONE: _phrases("done|resolved|closed|solved"),
    Item.TELL: _phrases("tell|include|inform|copy|copy in|loop in|bring in"),
    Item.MERGE: _phrases(
        "same as|same case as|same matter as|same thing as|same issue as|same story as|merge|"
        "merge with|merge into|merge it with|merge it into|merge this with|merge this into|"
        "merge that with|join with|combine with|duplicate of|double of|copy of|belongs to|part of"
    ),
    Item.NONE: _phrases(
        "none|no tag|no tags|no label|no labels|none of them|none of these|none of those|"
        "none of the above|none of the tags|none of these tags|not an escalation|no escalation|"
        "false alarm|none apply|none applies|none of these apply|none of them apply|"
        "none of these fit|none of them fit|no escalation needed|nothing to escalate"
    ),
    Item.NOT: _phrases(
        "not|not a|not an|never|is not|are not|was not|do not|neither|without|minus|remove|drop|"
        "delete|take off|take away|untag|except|no longer"
    ),
    Item.NO: _phrases("no|nope|wrong|incorrect|false|nothing|wrong tag|wrong tags|not right"),
    Item.ADD: _phrases("also|and also|plus|add|additionally|in addition|but also|+"),
    Item.TOO: _phrases("too|as well|in addition"),
    Item.ONLY: _phrases("only|just|solely"),
    Item.OR: _phrases("or|nor|/"),
    Item.AND: _phrases("and|&|both"),
    Item.TURN: _phrases(
        "but|it is|this is|that is|rather|instead|actually|more of a|should be|it should be|"
        "this should be|change to|make it|make that"
    ),
    Item.INSTEAD: _phrases("instead of|rather than|and not|but not"),
    Item.HEDGE: _phrases(
        "maybe|perhaps|possibly|probably|not sure|i am not sure|not really sure|unsure|i think|"
        "i guess|i suppose|i believe|i doubt|might be|could be|may be|i wonder|not certain|"
        "hard to say|yet|unclear|seems|it seems|looks like|kind of|sort of"
    ),
    Item.FILL: _phrases(
        "a|an|the|this|that|these|those|one|it|is|was|are|as|to|be|should|would|me|us|here|there|"
        "please|pls|hi|hello|hey|dear|hallo|hola|ciao|bonjour|salut|hej|cze\u015b\u0107|ol\u00e1|"
        "moin|all|team|triage|everyone|both|case|case number|mail|email|e mail|tag|tags|label|"
        "labels|tagged|labelled|labeled|marked|mark|set|really|clearly|definitely|very|much|so|right|"
        "correct|"
        "yes|yep|yeah|yup|ja|oui|si|s\u00ec|s\u00ed|sim|exactly|sorry|for|now|again|then|"
        "with|regards|i am|sir|madam|lot|for this|for that|for it|for letting me know|"
        "for the heads up|for the info|for the update|for the note|for the mail|bitte"
    ),
}
COMMANDS = ("mine", "done", "none")
CLOSERS = _phrases(
    "best|best regards|kind regards|warm regards|regards|best wishes|all the best|cheers|br|kr|"
    "rgds|brgds|sincerely|yours|yours sincerely|thanks and regards|talk soon|"
    "mit freundlichen gr\u00fc\u00dfen|mit freundlichen gruessen|freundliche gr\u00fc\u00dfe|"
    "viele gr\u00fc\u00dfe|beste gr\u00fc\u00dfe|liebe gr\u00fc\u00dfe|herzliche gr\u00fc\u00dfe|"
    "sch\u00f6ne gr\u00fc\u00dfe|gru\u00df|gr\u00fc\u00dfe|lg|mfg|vg|bg|"
    "cordialement|bien cordialement|bien \u00e0 vous|bonne journ\u00e9e|amicalement|"
    "saludos|un saludo|saludos cordiales|atentamente|un abrazo|"
    "cordiali saluti|un saluto|saluti|distinti saluti|a presto|buona giornata|"
    "groeten|groet|met vriendelijke groet|met vriendelijke groeten|groetjes|mvg|"
    "cumprimentos|com os melhores cumprimentos|atenciosamente|abra\u00e7o|abra\u00e7os|"
    "pozdrawiam|z powa\u017caniem|pozdrowienia|"
    "h\u00e4lsningar|v\u00e4nliga h\u00e4lsningar|med v\u00e4nliga h\u00e4lsningar|mvh|vh|"
    "hilsen|med venlig hilsen|vennlig hilsen|terveisin"
)
GREETINGS = _phrases(
    "hi|hello|hey|dear|hallo|guten tag|guten morgen|moin|servus|sehr geehrte|liebe|lieber|"
    "bonjour|salut|bonsoir|hola|buenos d\u00edas|buenas tardes|ciao|buongiorno|salve|hoi|"
    "goedemorgen|goedemiddag|beste|dag|ol\u00e1|oi|bom dia|boa tarde|cze\u015b\u0107|"
    "dzie\u0144 dobry|witam|hej|hejsan|god morgon|good morning|good afternoon|good evening|morning"
)
# A question that is put to us, not to a colleague in the same mail.
ASKING = _words(
    "why what who whom whose how when where which huh is was are does do did should could would "
    "can warum wieso was wer wie pourquoi comment"
)
# Words that ask even where the question mark was left out.
PLAINLY_ASKING = ("why", "what is", "what was", "who is", "how come", "huh", "warum", "wieso")
# "this should be done": not done either.
NOT_DONE = frozenset({"be", "should", "would"})
# "done by Friday": not done at all.
NOT_YET = _words(
    "by when if once until till yet tomorrow soon later next in on before after as unless not "
    "nothing half almost nearly partly partially for is are was with"
)
ABSENCE = _phrases(
    "out of office|out of the office|away from my desk|on annual leave|on vacation|on leave|"
    "on parental leave|on holiday until|limited access to my email|limited access to email|"
    "nicht im b\u00fcro|nicht im hause|abwesend|im urlaub|abwesenheit|"
    "absent du bureau|absente du bureau|en cong\u00e9|en vacances|fuera de la oficina|"
    "fuori ufficio|fuori sede|niet op kantoor|afwezig|fora do escrit\u00f3rio|poza biurem|"
    "inte p\u00e5 kontoret|p\u00e5 semester"
)
