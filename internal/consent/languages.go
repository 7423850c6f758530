package consent

import "strings"

// stop is understood everywhere.
const stop = "STOP"

// language has the words of one language, as people write them or without
// accents; see fold. A word belongs here only if alone it hardly means anything
// else in any language: FINE ends messages in Italian and is a friendly answer in
// English.
//
// Those that do mean other things are there because somebody else says so:
// CANCEL, END and QUIT are named by the rules of the United States (47 CFR
// 64.1200(a)(10)); SALIR, CANCELAR, VOLVER, RECIBIR, VOLTAR and RECEBER are among
// the vendor's defaults. An app may ignore them. YES is not here: it is the answer
// to nearly every question, and whoever has opted out is asked none.
type language struct {
	tag                     string // BCP 47
	out, in                 []string
	marketing, notification []string // how lists are called behind a word, beside their English names
}

// languages are those that every app understands.
var languages = []language{
	{
		tag: "en", out: []string{stop, "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"},
		in:        []string{"START", "UNSTOP", "SUBSCRIBE", "RESUBSCRIBE", "OPTIN"},
		marketing: []string{"PROMOTIONS", "PROMO"},
	},
	{
		tag: "de", out: []string{stop, "STOPP", "ABMELDEN", "ABBESTELLEN", "AUSTRAGEN"},
		in:        []string{"START", "ANMELDEN", "ABONNIEREN"},
		marketing: []string{"WERBUNG"}, notification: []string{"BENACHRICHTIGUNG", "BENACHRICHTIGUNGEN"},
	},
	{
		tag: "fr", out: []string{stop, "ARRÊT", "ARRÊTER", "ARRÊTEZ", "DÉSABONNER", "DÉSABONNEMENT", "DÉSINSCRIRE", "DÉSINSCRIPTION"},
		in:        []string{"START", "ABONNER", "RÉABONNER", "INSCRIRE", "INSCRIPTION"},
		marketing: []string{"PUB", "PUBLICITÉ", "PROMOTIONS"},
	},
	{
		tag: "es", out: []string{stop, "ALTO", "BAJA", "DETENER", "PARAR", "SALIR", "CANCELAR SUSCRIPCIÓN", "DARSE DE BAJA", "DARME DE BAJA"},
		in:        []string{"START", "ALTA", "VOLVER", "RECIBIR", "SUSCRIBIR", "SUSCRIBIRME"},
		marketing: []string{"PUBLICIDAD", "PROMOCIONES"}, notification: []string{"NOTIFICACIÓN", "NOTIFICACIONES"},
	},
	{
		tag: "pt", out: []string{stop, "PARAR", "PARE", "CANCELAR", "SAIR", "DESCADASTRAR", "CANCELAR INSCRIÇÃO"},
		in:        []string{"START", "VOLTAR", "RECEBER", "INSCREVER"},
		marketing: []string{"PUBLICIDADE", "PROMOÇÕES"}, notification: []string{"NOTIFICAÇÃO", "NOTIFICAÇÕES"},
	},
	{
		tag: "it", out: []string{stop, "FERMA", "BASTA", "DISISCRIVI", "DISISCRIVIMI", "CANCELLAMI", "CANCELLA ISCRIZIONE"},
		in:        []string{"START", "ISCRIVI", "ISCRIVIMI", "RIATTIVA"},
		marketing: []string{"PUBBLICITÀ", "PROMOZIONI"}, notification: []string{"NOTIFICA", "NOTIFICHE"},
	},
	{
		tag: "nl", out: []string{stop, "STOPPEN", "AFMELDEN", "UITSCHRIJVEN"},
		in:        []string{"START", "AANMELDEN", "INSCHRIJVEN"},
		marketing: []string{"RECLAME"}, notification: []string{"MELDING", "MELDINGEN"},
	},
	{
		tag: "sv", out: []string{stop, "STOPP", "SLUTA", "AVREGISTRERA", "AVPRENUMERERA", "AVSLUTA PRENUMERATION"},
		in:        []string{"START", "STARTA", "PRENUMERERA"},
		marketing: []string{"REKLAM", "MARKNADSFÖRING"}, notification: []string{"NOTISER", "AVISERINGAR"},
	},
	{
		tag: "da", out: []string{stop, "AFMELD", "FRAMELD"}, in: []string{"START", "TILMELD"},
		marketing: []string{"REKLAMER"},
	},
	{
		tag: "nb", out: []string{stop, "STOPP", "MELD AV", "AVMELD"}, in: []string{"START", "MELD PÅ", "PÅMELD"},
		marketing: []string{"REKLAME"}, notification: []string{"VARSLER"},
	},
	{
		tag: "fi", out: []string{stop, "LOPETA", "PERU TILAUS"}, in: []string{"START", "ALOITA"},
		marketing: []string{"MAINOKSET"}, notification: []string{"ILMOITUKSET"},
	},
	{
		tag: "pl", out: []string{stop, "WYPISZ", "WYPISZ MNIE", "REZYGNUJĘ", "REZYGNACJA", "ZATRZYMAJ"},
		in:        []string{"START", "ZAPISZ", "ZAPISZ MNIE", "WZNÓW"},
		marketing: []string{"REKLAMA", "REKLAMY"}, notification: []string{"POWIADOMIENIA"},
	},
	{tag: "cs", out: []string{stop, "ODHLÁSIT", "ODHLÁSIT ODBĚR"}, in: []string{"START", "PŘIHLÁSIT"}},
	{tag: "sk", out: []string{stop, "ODHLÁSIŤ", "ODHLÁSIŤ ODBER"}, in: []string{"START", "PRIHLÁSIŤ"}},
	{tag: "hu", out: []string{stop, "ÁLLJ", "LEIRATKOZÁS", "LEIRATKOZOM"}, in: []string{"START", "FELIRATKOZÁS", "FELIRATKOZOM"}},
	{tag: "ro", out: []string{stop, "OPREȘTE", "DEZABONARE"}, in: []string{"START", "ABONARE"}},
	{tag: "tr", out: []string{stop, "DURDUR", "İPTAL", "RET"}, in: []string{"START", "BAŞLAT"}},
	{tag: "el", out: []string{stop, "ΣΤΟΠ", "ΔΙΑΚΟΠΗ", "ΔΙΑΓΡΑΦΗ"}, in: []string{"START", "ΕΝΑΡΞΗ", "ΕΓΓΡΑΦΗ"}},
	{tag: "ru", out: []string{stop, "СТОП", "ОТПИСАТЬСЯ", "ОТПИСКА"}, in: []string{"START", "СТАРТ", "ПОДПИСАТЬСЯ", "ПОДПИСКА"}},
	{tag: "uk", out: []string{stop, "СТОП", "ВІДПИСАТИСЯ", "ВІДПИСКА"}, in: []string{"START", "СТАРТ", "ПІДПИСАТИСЯ", "ПІДПИСКА"}},
	{tag: "he", out: []string{stop, "הסר", "הסרה"}, in: []string{"START"}},
	{tag: "ar", out: []string{stop, "إيقاف", "توقف", "إلغاء الاشتراك"}, in: []string{"START", "اشتراك"}},
	{tag: "ja", out: []string{stop, "停止", "配信停止", "ストップ"}, in: []string{"START", "開始", "再開"}},
	{tag: "ko", out: []string{stop, "수신거부", "중지"}, in: []string{"START", "수신동의", "시작"}},
	{tag: "zh", out: []string{stop, "TD", "退订", "退訂", "停止", "取消订阅", "取消訂閱"}, in: []string{"START", "订阅", "訂閱", "恢复订阅"}},
}

// languageOf finds a language by its tag, regions left aside; one without words
// if it is not known.
func languageOf(tag string) language {
	primary, _, _ := strings.Cut(strings.ToLower(strings.ReplaceAll(tag, "_", "-")), "-")
	for _, l := range languages {
		if l.tag == primary {
			return l
		}
	}
	return language{}
}
